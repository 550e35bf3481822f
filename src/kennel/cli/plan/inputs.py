"""Options into traffic and plans."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kennel.cli.connection import aws_errors, connect, state_folder
from kennel.cli.errors import CommandError, UsageError
from kennel.cli.load.service import EnvironmentService, PlaneService, Service
from kennel.cli.load.target import Kind, Target, find_target, parse_target
from kennel.cli.plan.live import latency_of, read_endpoint, read_function, traffic_of
from kennel.cli.plan.measured import Measured, measure
from kennel.cli.plan.options import settings_of
from kennel.planner.options import Options, read_assignments, read_file
from kennel.planner.plan import (
    ALLOCATION_DELAY,
    DEFAULT_INSTANCE_TYPE,
    LAUNCH_DELAY,
    EndpointPlan,
    FunctionPlan,
    Plan,
    endpoint_plan,
    function_plan,
    is_about_function,
    priced,
)
from kennel.planner.prices import (
    Architecture,
    Confidence,
    InstancePrice,
    lambda_prices,
)
from kennel.planner.quantities import parse_duration, show_duration
from kennel.planner.simulation import EndpointSetting, FunctionSetting, ServiceTime
from kennel.planner.simulation.function_setting import ACCOUNT_LIMIT
from kennel.planner.traffic import DAY, Traffic, parse_traffic, traffic_from_table

__all__ = ["Asked", "read_asked", "service_of", "whole_number"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be simulated: `plans` under the same traffic. `notes` say where figures come
    from that were not typed."""

    traffic: Traffic
    plans: tuple[Plan, ...]
    seed: int
    begins: float
    notes: tuple[str, ...]


def read_asked(arguments: argparse.Namespace) -> Asked:
    """Reads all of it, asking the plane or AWS where that is needed. Raises CommandError,
    PlannerError."""
    options: dict[str, tuple[str, ...]] = {}
    written: Any = None
    if arguments.plan is not None:
        options, written = read_file(Path(arguments.plan).expanduser())
    options |= settings_of(arguments)
    live = _Live(arguments)
    with aws_errors():
        base, notes = live.base(options)
        traffic = live.traffic(written)
    compared = [read_assignments(text) for text in getattr(arguments, "compare", None) or []]
    plans = _plans(options, base, compared, live.is_function(options, compared))
    return Asked(
        traffic,
        plans,
        whole_number(arguments.seed, "--seed"),
        _begins(arguments.begins),
        notes,
    )


def service_of(arguments: argparse.Namespace) -> Service:
    """The plane, or what the environment leads to."""
    if arguments.aws:
        return EnvironmentService()
    return PlaneService(connect(state_folder(arguments)))


def whole_number(text: str, option: str) -> int:
    """Raises UsageError."""
    if not text.isdecimal():
        raise UsageError(f"{option} is a whole number, not {text!r}.")
    return int(text)


class _Live:
    """What is read of live things; the plane is asked only when something needs it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._service: Service | None = None
        if arguments.endpoint and arguments.function:
            raise UsageError("--endpoint and --function name two things. Leave one out.")

    @property
    def service(self) -> Service:
        if self._service is None:
            self._service = service_of(self._arguments)
        return self._service

    def is_function(self, options: Options, compared: list[dict[str, tuple[str, ...]]]) -> bool:
        """Whether all this is about a function. Raises BadPlan."""
        arguments = self._arguments
        together: dict[str, tuple[str, ...]] = dict(options)
        for one in compared:
            together |= one
        by_options = is_about_function(together)
        measured = parse_target(arguments.measure).kind if arguments.measure else None
        if arguments.endpoint and by_options:
            raise UsageError("--endpoint has no options of a function.")
        return bool(arguments.function or by_options or measured is Kind.FUNCTION)

    def base(self, options: Options) -> tuple[Plan | None, tuple[str, ...]]:
        """The plan that the options change, and notes."""
        named = self._named()
        service_time, overhead, note = self._service_time(options, named)
        notes = (note,) if note else ()
        if named is None:
            if service_time is None:
                return None, notes
            if self.is_function(options, []):
                setting = FunctionSetting(
                    service_time, overhead=overhead, allocation_delay=ALLOCATION_DELAY
                )
                return FunctionPlan("", setting, lambda_prices()), notes
            endpoint = EndpointSetting(service_time, overhead=overhead, launch_delay=LAUNCH_DELAY)
            return EndpointPlan("", endpoint, priced(DEFAULT_INSTANCE_TYPE)), notes
        if service_time is None:
            service_time = ServiceTime.constant(0.0)  # --service takes its place
        if named.kind is Kind.ENDPOINT:
            is_priced = bool(options.get("price"))
            return self._endpoint(named, service_time, overhead, notes, is_priced)
        return self._function(named, service_time, overhead, notes)

    def traffic(self, written: Any) -> Traffic:
        """From the option, else from the plan's file."""
        arguments = self._arguments
        length = _length(arguments)
        if arguments.traffic_from is not None:
            target = find_target(parse_target(arguments.traffic_from), self.service)
            found = traffic_of(self.service, target, parse_duration(arguments.since))
            return found if length is None else found.over(length)
        if arguments.traffic is not None:
            return parse_traffic(arguments.traffic, length)
        if isinstance(written, str):
            return parse_traffic(written, length)
        if isinstance(written, Mapping):
            return traffic_from_table(written, length)
        raise UsageError("There is no traffic. Say when requests come: --traffic poisson:20/s.")

    def _named(self) -> Target | None:
        arguments = self._arguments
        if arguments.endpoint:
            return Target(Kind.ENDPOINT, *arguments.endpoint.partition("/")[::2])
        if arguments.function:
            return Target(Kind.FUNCTION, *arguments.function.partition(":")[::2])
        return None

    def _service_time(
        self, options: Options, named: Target | None
    ) -> tuple[ServiceTime | None, float, str]:
        """Measured by calls, or read from CloudWatch, unless it is typed."""
        arguments = self._arguments
        if arguments.measure:
            if options.get("service"):
                raise UsageError("--measure and --service both say how long a request takes.")
            target = find_target(parse_target(arguments.measure), self.service)
            count = whole_number(arguments.requests, "--requests")
            found: Measured = measure(self.service, target, arguments.payload, count)
            note = f"service time {found.text}; {show_duration(found.overhead)} around it"
            return ServiceTime.samples(found.seconds), found.overhead, note
        if named is None or options.get("service"):
            return None, 0.0, ""
        latency = latency_of(self.service, named, parse_duration(arguments.since))
        if latency is None:
            raise CommandError(
                f"CloudWatch knows no latency of {named.label}. Say how long a request takes with "
                "--service, or measure it with --measure."
            )
        _, median, high = latency
        note = (
            f"service time as CloudWatch has it: p50 {show_duration(median)}, "
            f"p99 {show_duration(high)}, taken for lognormal"
        )
        return ServiceTime.lognormal(max(median, 1e-6), max(high, median, 1e-6)), 0.0, note

    def _endpoint(
        self,
        named: Target,
        service_time: ServiceTime,
        overhead: float,
        notes: tuple[str, ...],
        is_priced: bool,
    ) -> tuple[Plan, tuple[str, ...]]:
        live = read_endpoint(self.service, named.name, named.qualifier)
        read = live.scaling
        setting = EndpointSetting(
            service_time,
            live.instances,
            read.scaling if read else None,
            launch_delay=LAUNCH_DELAY,
            overhead=overhead,
        )
        kind = live.instance_type
        # A price that is typed takes this one's place.
        price = InstancePrice(kind, 0.0, Confidence.GIVEN) if is_priced else priced(kind)
        plan = EndpointPlan(named.name, setting, price)
        return plan, (*notes, *(read.left_out if read else ()))

    def _function(
        self, named: Target, service_time: ServiceTime, overhead: float, notes: tuple[str, ...]
    ) -> tuple[Plan, tuple[str, ...]]:
        live = read_function(self.service, named.name, named.qualifier)
        read = live.scaling
        setting = FunctionSetting(
            service_time,
            memory_mb=live.memory_mb,
            limit=ACCOUNT_LIMIT if live.reserved is None else live.reserved,
            provisioned=live.provisioned,
            scaling=read.scaling if read else None,
            allocation_delay=ALLOCATION_DELAY,
            overhead=overhead,
        )
        plan = FunctionPlan(named.label, setting, lambda_prices(Architecture(live.architecture)))
        return plan, (*notes, *(read.left_out if read else ()))


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
