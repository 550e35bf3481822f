"""`make bench`: measures, prints one table and writes it for programs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    authorizing,
    deploying,
    describing,
    functions,
    idle_scaling,
    invoking,
    objects,
    predicting,
    recipe,
    scaling,
    simulating,
    starting,
)
from benchmarks.bench import Bench, open_bench
from benchmarks.memory import idle_plane
from benchmarks.models import Deployed, deploy
from benchmarks.payloads import photo, small_model
from benchmarks.row import Row
from benchmarks.table import RESULTS, as_text, write
from tests.planes import Plane

_SHARE = 0.1  # of an invoke that may be the plane's

_Part = Callable[[Bench, Plane], Iterator[Row]]


def main() -> int:
    arguments = _arguments()
    began = time.monotonic()
    rows: list[Row] = []
    with open_bench(arguments.quick, arguments.moto, arguments.data) as bench:
        for row in _measure(bench, set(arguments.parts)):
            bench.say(f"{row.part}: {row.ours.name.strip()} {row.ours.median:.3g} {row.ours.unit}")
            rows.append(row)
    seconds = time.monotonic() - began
    write(rows, seconds)
    if arguments.json:
        print(json.dumps([row.as_json() for row in rows], indent=1))
    else:
        print(as_text(rows), flush=True)
        print(f"\n{seconds:.0f} s; every sample: {RESULTS}")
    return 0


def _measure(bench: Bench, wanted: set[str]) -> Iterator[Row]:
    """All parts that are wanted. The idle plane waits while the others work."""
    if "simulate" in wanted:
        yield from simulating.measure(bench)
    if "idle" in wanted:
        with idle_plane(bench) as idle:
            yield from _all_but_idle(bench, wanted)
            yield from idle.measure()
    else:
        yield from _all_but_idle(bench, wanted)


def _all_but_idle(bench: Bench, wanted: set[str]) -> Iterator[Row]:
    if "start" in wanted:
        yield from starting.measure(bench)
    yield from _on_a_plane(bench, wanted)
    for name, part in _ASKED_FOR.items():
        if name in wanted:
            yield from part(bench)


def _on_a_plane(bench: Bench, wanted: set[str]) -> Iterator[Row]:
    if not wanted & _PARTS.keys():
        return
    with bench.plane("bench") as plane:
        for name, part in _PARTS.items():
            if name in wanted:
                yield from part(bench, plane)


def _small(bench: Bench, plane: Plane) -> Iterator[Row]:
    model = Deployed("small", small_model(), photo())
    yield from deploying.measure(bench, plane, model, "small network")
    yield from scaling.measure(bench, plane, model.name, "small network")
    yield from describing.measure(bench, plane, model.name)
    yield from invoking.measure_model(bench, plane, model, "small network")


def _recipe(bench: Bench, plane: Plane) -> Iterator[Row]:
    folder = bench.folder / "recipe-model"
    yield from recipe.measure_training(bench, folder)
    model = Deployed("recipe", recipe.recipe_model(folder), photo())
    yield from deploying.measure(bench, plane, model, "the recipe's model")
    yield from scaling.measure(bench, plane, model.name, "the recipe's model")
    title = "the recipe's model"
    yield from invoking.measure_model(bench, plane, model, title, share=_SHARE)
    if not bench.quick:
        several = Deployed("recipes", model.archive, model.payload)
        deploy(plane, several, 2)
        yield from invoking.measure_model(bench, plane, several, title, instances=2, share=_SHARE)


_PARTS: dict[str, _Part] = {
    "s3": objects.measure,
    "echo": invoking.measure_echo,
    "small": _small,
    "function": functions.measure,
    "recipe": _recipe,
}
_NAMES = ["simulate", "start", "idle", *_PARTS]
# With planes of their own, so only by name.
_ASKED_FOR: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "iam": authorizing.measure,
    "predict": predicting.measure,
    "idle-scaling": idle_scaling.measure,
}
_PARTS_HELP = f"parts to run: {', '.join(_NAMES)} (all); {', '.join(_ASKED_FOR)} only by name"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute instead of six; noisier")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument(
        "--moto",
        type=Path,
        metavar="FILE",
        help="a moto_server command to measure beside the plane",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="photos for the recipe (default: it draws some)"
    )
    parser.add_argument("parts", nargs="*", help=_PARTS_HELP)
    arguments = parser.parse_args()
    for name in arguments.parts:
        if name not in (*_NAMES, *_ASKED_FOR):
            known = ", ".join((*_NAMES, *_ASKED_FOR))
            parser.error(f"there is no part {name}; the parts are {known}")
    arguments.parts = arguments.parts or _NAMES
    return arguments


if __name__ == "__main__":
    sys.exit(main())
