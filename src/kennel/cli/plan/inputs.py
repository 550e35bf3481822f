"""Options into traffic and plans."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from kennel.cli.connection import aws_errors, connect, state_folder
from kennel.cli.errors import UsageError
from kennel.cli.load.service import EnvironmentService, PlaneService, Service
from kennel.cli.load.target import Kind, find_target, parse_target
from kennel.cli.plan.base import read_base
from kennel.cli.plan.live import plane_of, traffic_of
from kennel.cli.plan.numbers import whole_number
from kennel.cli.plan.options import settings_of
from kennel.planner.options import Options, Scope, read_assignments, read_file
from kennel.planner.plan import (
    EndpointPlan,
    FunctionPlan,
    Plan,
    endpoint_plan,
    function_plan,
    scope_of,
)
from kennel.planner.quantities import parse_duration
from kennel.planner.traffic import DAY, Traffic, parse_traffic, traffic_from_table

__all__ = ["Asked", "read_asked", "service_of"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be simulated: `plans` under the same traffic. `options` are those of the file and
    of the command line together. `resource` is Application Auto
    Scaling's id of what they are for, with placeholders for what has no name. `notes` say where
    figures come from that were not typed."""

    traffic: Traffic
    plans: tuple[Plan, ...]
    options: Options
    resource: str
    seed: int
    begins: float
    notes: tuple[str, ...]


def read_asked(arguments: argparse.Namespace, without: Sequence[str] = ()) -> Asked:
    """Reads all of it, asking the plane or AWS where that is needed. The plans have nothing of the
    options `without`, which the caller reads. Raises CommandError, PlannerError."""
    options: dict[str, tuple[str, ...]] = {}
    written: Any = None
    if arguments.plan is not None:
        options, written = read_file(Path(arguments.plan).expanduser())
    options |= settings_of(arguments)
    compared = [read_assignments(text) for text in getattr(arguments, "compare", None) or []]
    is_function = _is_function(arguments, options, compared)

    @cache
    def service() -> Service:
        return service_of(arguments)

    with aws_errors():
        traffic = _traffic(arguments, written, service)
        base = read_base(arguments, options, is_function, service)
        notes = (*_traffic_notes(arguments, service), *base.notes)
    kept = {name: values for name, values in options.items() if name not in without}
    return Asked(
        traffic,
        _plans(kept, base.plan, compared, is_function),
        options,
        base.resource,
        whole_number(arguments.seed, "--seed"),
        _begins(arguments.begins),
        notes,
    )


def service_of(arguments: argparse.Namespace) -> Service:
    """The plane, or what the environment leads to."""
    if arguments.aws:
        return EnvironmentService()
    return PlaneService(connect(state_folder(arguments)))


def _traffic(
    arguments: argparse.Namespace, written: Any, service: Callable[[], Service]
) -> Traffic:
    """From the option, else from the plan's file."""
    length = _length(arguments)
    if arguments.traffic_from is not None:
        target = find_target(parse_target(arguments.traffic_from), service())
        found = traffic_of(service(), target, parse_duration(arguments.since))
        return found if length is None else found.over(length)
    if arguments.traffic is not None:
        return parse_traffic(arguments.traffic, length)
    if isinstance(written, str):
        return parse_traffic(written, length)
    if isinstance(written, Mapping):
        return traffic_from_table(written, length)
    raise UsageError("There is no traffic. Say when requests come: --traffic poisson:20/s.")


def _traffic_notes(arguments: argparse.Namespace, service: Callable[[], Service]) -> Iterator[str]:
    plane = None if arguments.traffic_from is None else plane_of(service())
    if plane is not None and plane.time_scale != 1:
        yield (
            f"the traffic is in wall time, of which a second is {plane.time_scale:g} s of the "
            "plane's policy time"
        )


def _is_function(
    arguments: argparse.Namespace,
    options: Options,
    compared: Sequence[Mapping[str, tuple[str, ...]]],
) -> bool:
    """Whether all this is about a function. Raises BadPlan, UsageError."""
    if arguments.endpoint and arguments.function:
        raise UsageError("--endpoint and --function name two things. Leave one out.")
    together: dict[str, tuple[str, ...]] = dict(options)
    for one in compared:
        together |= one
    found = scope_of(together)
    if arguments.endpoint and found is Scope.FUNCTION:
        raise UsageError("--endpoint has no options of a function.")
    if arguments.function and found is Scope.ENDPOINT:
        raise UsageError("--function has no options of an endpoint.")
    if arguments.endpoint or arguments.function or found is not Scope.BOTH:
        return bool(arguments.function) or found is Scope.FUNCTION
    return bool(arguments.measure) and parse_target(arguments.measure).kind is Kind.FUNCTION


def _plans(
    options: Options,
    base: Plan | None,
    compared: list[dict[str, tuple[str, ...]]],
    is_function: bool,
) -> tuple[Plan, ...]:
    variants = compared or [{}]
    names = [f"{chr(ord('A') + index)}" for index in range(len(variants))]
    plans: list[Plan] = []
    for name, changes in zip(names, variants, strict=True):
        merged = {**options, **changes}
        if is_function:
            old = base if isinstance(base, FunctionPlan) else None
            plans.append(function_plan(name, merged, old))
        else:
            before = base if isinstance(base, EndpointPlan) else None
            plans.append(endpoint_plan(name, merged, before))
    if not compared:
        plans = [replace(plan, name=base.name if base and base.name else "plan") for plan in plans]
    return tuple(plans)


def _length(arguments: argparse.Namespace) -> float | None:
    if arguments.duration is not None:
        return parse_duration(arguments.duration)
    if arguments.days is None:
        return None
    try:
        days = float(arguments.days)
    except ValueError:
        days = 0.0
    if not 0 < days <= 3660:
        raise UsageError(f"--days is a number of days, not {arguments.days!r}.")
    return days * DAY


def _begins(text: str | None) -> float:
    if text is None:
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today.timestamp()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--begins is a date such as 2026-03-01T06:00, not {text!r}.") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
