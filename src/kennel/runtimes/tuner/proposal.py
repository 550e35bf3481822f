"""From a request to the next point: the strategies."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kennel.runtimes.tuner.halton import halton_point
from kennel.runtimes.tuner.space import Space

__all__ = ["Request", "Trial", "propose"]

_ATTEMPTS = 64  # draws before a point that was tried already is avoided by listing the others
_MODEL_ATTEMPTS = 4
_LISTED = 20_000  # points; a larger space hardly ever gives the same point so often


@dataclass(frozen=True, slots=True)
class Trial:
    """What is known of one point. `value` is the objective, `values` what it was over time."""

    parameters: Mapping[str, str]
    state: str
    value: float | None = None
    values: tuple[float, ...] = ()
    own: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """One request; the package's docstring shows it as JSON."""

    strategy: str
    seed: int
    number: int
    budget: int
    maximize: bool
    space: Space
    trials: tuple[Trial, ...] = field(default=())

    @classmethod
    def read(cls, request: Mapping[str, Any]) -> Request:
        return cls(
            strategy=request["strategy"],
            seed=request["seed"],
            number=request["number"],
            budget=request["budget"],
            maximize=request["maximize"],
            space=Space.read(request["space"]),
            trials=tuple(
                Trial(
                    parameters=trial["parameters"],
                    state=trial["state"],
                    value=trial.get("value"),
                    values=tuple(trial.get("values", ())),
                    own=trial.get("own", True),
                )
                for trial in request["trials"]
            ),
        )

    @property
    def startup(self) -> int:
        """Points that are spread evenly before a model is trusted: a third of the budget."""
        return max(3, min(10, self.budget // 3))


def propose(request: Mapping[str, Any]) -> dict[str, str]:
    """The next point to try, never one that the job has tried as long as there are others."""
    asked = Request.read(request)
    return _STRATEGIES[asked.strategy](asked)


def _grid(request: Request) -> dict[str, str]:
    """Point by point in the order of the space, so that `number` alone decides."""
    point = next(itertools.islice(request.space.points(), request.number - 1, None), None)
    if point is None:
        raise ValueError(f"the grid has no point number {request.number}")
    return point


def _random(request: Request) -> dict[str, str]:
    return _untried(request, iter(()))


def _bayesian(request: Request) -> dict[str, str]:
    seen = sum(trial.state != "running" for trial in request.trials)
    if seen < request.startup:
        spread = halton_point(len(request.space.parameters), request.number, request.seed)
        return _untried(request, iter([request.space.at(spread)]))
    return _untried(request, _modelled(request))


def _modelled(request: Request) -> Iterator[dict[str, str]]:
    try:
        from kennel.runtimes.tuner.model import suggest  # Optuna, only where it is needed
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"{error}. The {request.strategy} strategy needs Optuna: install kennel[ml], or search "
            "with Random."
        ) from error

    for attempt in range(_MODEL_ATTEMPTS):
        yield suggest(request, _number(request, attempt))


def _untried(request: Request, first: Iterator[dict[str, str]]) -> dict[str, str]:
    """The first of the points that is new; else one at random, new if there is any."""
    tried = {_key(trial.parameters) for trial in request.trials if trial.own}
    drawn = (_draw(request, attempt) for attempt in range(_ATTEMPTS))
    point: dict[str, str] = {}
    for point in itertools.chain(first, drawn):
        if _key(point) not in tried:
            return point
    size = request.space.size
    if size is not None and size <= _LISTED:
        left = [point for point in request.space.points() if _key(point) not in tried]
        if left:
            return random.Random(_number(request, _ATTEMPTS)).choice(left)
    return point


def _draw(request: Request, attempt: int) -> dict[str, str]:
    draw = random.Random(_number(request, attempt))
    return request.space.at([draw.random() for _ in request.space.parameters])


def _number(request: Request, attempt: int) -> int:
    """A seed for each trial and attempt: the same request gives the same answer."""
    return random.Random(f"{request.seed}/{request.number}/{attempt}").getrandbits(32)


def _key(parameters: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(parameters.items()))


_STRATEGIES: Mapping[str, Callable[[Request], dict[str, str]]] = {
    "Bayesian": _bayesian,
    "Hyperband": _bayesian,  # which trials go on is decided as their metrics come in
    "Random": _random,
    "Grid": _grid,
}
