"""What is asked for on the command line, checked."""

from __future__ import annotations

import argparse
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kennel.cli.errors import UsageError
from kennel.cli.load.driver import ClosedLoop, Driver, OpenLoop
from kennel.cli.load.objective import Failure, parse_failure
from kennel.cli.load.requests import read_payloads
from kennel.cli.load.target import Kind, Target
from kennel.planner.errors import PlannerError
from kennel.planner.quantities import parse_duration, parse_rate
from kennel.planner.traffic import Traffic, parse_traffic

__all__ = ["ClientsPlan", "Order", "TrafficPlan", "read_order"]

_MINUTE = 60.0
_MOST_CLIENTS = 10_000


@dataclass(frozen=True, slots=True)
class TrafficPlan:
    """An open loop: requests come as the traffic has it, whatever becomes of them."""

    traffic: Traffic
    seed: int
    text: str

    @property
    def seconds(self) -> float:
        return self.traffic.duration

    @property
    def expected(self) -> float | None:
        """How many requests there should be."""
        return self.traffic.expected

    def rate(self, at: float) -> float | None:
        """The rate that is wanted at a moment."""
        return self.traffic.rate(at)

    def driver(self) -> Driver:
        return OpenLoop(self.traffic.times(self.seed), self.seconds)


@dataclass(frozen=True, slots=True)
class ClientsPlan:
    """A closed loop: so many clients, each with one request at a time."""

    clients: int
    think: float
    seconds: float
    expected: None = None

    @property
    def text(self) -> str:
        return f"{self.clients} client" + ("s" if self.clients > 1 else "")

    def rate(self, at: float) -> float | None:
        """None: it is as it turns out."""
        return None

    def driver(self) -> Driver:
        return ClosedLoop(self.clients, self.think, self.seconds)


@dataclass(frozen=True, slots=True)
class Order:
    """A load to put on a target. Times in seconds."""

    plan: TrafficPlan | ClientsPlan
    payloads: list[bytes]
    content_type: str
    accept: str
    variant: str
    timeout: float
    warm_up: float
    connections: int
    failures: tuple[Failure, ...]

    def options(self, target: Target) -> dict[str, Any]:
        """The further arguments of InvokeEndpoint or Invoke. Raises UsageError for what a function
        does not have."""
        given = {"Accept": self.accept, "TargetVariant": self.variant}
        given = {name: value for name, value in given.items() if value}
        if target.kind is Kind.ENDPOINT:
            return given | {"ContentType": self.content_type}
        if given:
            raise UsageError("--accept and --variant are for endpoints; a function has neither.")
        return {}


def read_order(arguments: argparse.Namespace) -> Order:
    """Reads the options. Raises UsageError."""
    seconds = _duration(arguments.duration, "--duration")
    plan = _plan(arguments, seconds)
    warm_up = _duration(arguments.warm_up, "--warm-up") or 0.0
    if warm_up >= plan.seconds:
        raise UsageError("--warm-up must be shorter than the load.")
    timeout = _duration(arguments.timeout, "--timeout")
    if not timeout:
        raise UsageError("--timeout must be longer than 0 s.")
    try:
        failures = tuple(parse_failure(text) for text in arguments.fail_if)
    except ValueError as error:
        raise UsageError(f"--fail-if {error}.") from None
    return Order(
        plan=plan,
        payloads=read_payloads(arguments.payload, b"{}"),
        content_type=arguments.content_type or _content_type(arguments.payload),
        accept=arguments.accept or "",
        variant=arguments.variant or "",
        timeout=timeout,
        warm_up=warm_up,
        connections=_whole(arguments.connections, "--connections", _MOST_CLIENTS),
        failures=failures,
    )


def _plan(arguments: argparse.Namespace, seconds: float | None) -> TrafficPlan | ClientsPlan:
    if arguments.think and not arguments.clients:
        raise UsageError("--think is for --clients: at a given rate nobody waits.")
    if arguments.poisson and not arguments.rate:
        raise UsageError("--poisson is for --rate.")
    if arguments.clients:
        clients = _whole(arguments.clients, "--clients", _MOST_CLIENTS)
        think = _duration(arguments.think, "--think") or 0.0
        return ClientsPlan(clients, think, _MINUTE if seconds is None else seconds)
    seed = _whole(arguments.seed, "--seed", 1 << 32, least=0)
    if arguments.trace:
        traffic = _traffic(arguments.trace, seconds, "--trace")
        return TrafficPlan(traffic, seed, Path(arguments.trace).name)
    typed = text = arguments.rate.strip()
    if text[:1].isdigit() or text[:1] == ".":
        # What is wrong is told of the text that was typed, not of the one that is made of it.
        if ":" in text:
            _traffic(text, seconds, "--rate")
        else:  # one rate or ramp, for as long as the load lasts
            _check_rates(text)
            text = f"{text}:{_MINUTE if seconds is None else seconds:.6f}s"
        text = text if arguments.poisson else f"even:{text}"
        typed += ", Poisson" if arguments.poisson else ", evenly spaced"
    elif text.startswith("-"):
        raise UsageError(f"--rate {text} is below zero. Write 5/s or 5/min.")
    elif arguments.poisson:
        raise UsageError("--poisson is for a plain rate, ramp or schedule.")
    return TrafficPlan(_traffic(text, seconds, "--rate"), seed, typed)


def _check_rates(text: str) -> None:
    """Raises UsageError if a rate, or one of a ramp's two, can't be read."""
    if "," in text:
        raise UsageError(f"--rate {text} does not say for how long. Write 5/s:1m,50/s:2m.")
    for rate in text.split("..", 1):
        try:
            parse_rate(rate)
        except PlannerError as error:
            raise UsageError(f"--rate: {error}.") from None


def _traffic(text: str, seconds: float | None, option: str) -> Traffic:
    try:
        traffic = parse_traffic(text, seconds)
    except PlannerError as error:
        raise UsageError(f"{option}: {error}.") from None
    if traffic.expected <= 0:
        raise UsageError(f"{option} {text} sends nothing.")
    return traffic


def _duration(text: str | None, option: str) -> float | None:
    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except PlannerError as error:
        raise UsageError(f"{option}: {error}.") from None
    if option == "--duration" and seconds <= 0:
        raise UsageError("--duration must be longer than 0 s.")
    return seconds


def _whole(text: str, option: str, most: int, least: int = 1) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise UsageError(f"{option} must be a number from {least} to {most}, not {text!r}.")
    return int(text)


def _content_type(payload: str | None) -> str:
    """From the name of the payload, or of the first in the folder."""
    path = Path(payload).expanduser() if payload else None
    if path is not None and path.is_dir():
        path = min((file for file in path.iterdir() if file.is_file()), default=None)
    guessed = mimetypes.guess_type(path.name)[0] if path is not None else None
    return guessed or "application/json"
