"""What a plan begins with, before options change it: something live, or AWS's defaults."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from kennel.cli.errors import CommandError, UsageError
from kennel.cli.load.service import Service
from kennel.cli.load.target import Kind, Target, find_target, parse_target
from kennel.cli.plan.live import latency_of, plane_of, read_endpoint, read_function
from kennel.cli.plan.measured import measure
from kennel.cli.plan.numbers import whole_number
from kennel.planner.options import Options
from kennel.planner.plan import (
    ALLOCATION_DELAY,
    DEFAULT_INSTANCE_TYPE,
    LAUNCH_DELAY,
    EndpointPlan,
    FunctionPlan,
    Plan,
    priced,
)
from kennel.planner.prices import Architecture, Confidence, InstancePrice, lambda_prices
from kennel.planner.quantities import parse_duration, show_duration
from kennel.planner.simulation import EndpointSetting, FunctionSetting, ServiceTime
from kennel.planner.simulation.function_setting import ACCOUNT_LIMIT

__all__ = ["Base", "read_base"]

_SHORTEST = 1e-6  # seconds; a lognormal distribution has no zeros


@dataclass(frozen=True, slots=True)
class Base:
    """`plan` None: nothing is known, the options have to say it all. `resource` as in `Asked`."""

    plan: Plan | None
    resource: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Service:
    """How long a request takes: None if `--service` says it."""

    time: ServiceTime | None
    overhead: float = 0.0
    notes: tuple[str, ...] = ()


def read_base(
    arguments: argparse.Namespace,
    options: Options,
    is_function: bool,
    service: Callable[[], Service],
) -> Base:
    """Asks the service only if something live is named. Raises CommandError, PlannerError."""
    if arguments.endpoint:
        target = Target(Kind.ENDPOINT, *arguments.endpoint.partition("/")[::2])
        return _endpoint(
            service(), target, _service_time(arguments, options, target, service), options
        )
    if arguments.function:
        target = Target(Kind.FUNCTION, *arguments.function.partition(":")[::2])
        found = _service_time(arguments, options, target, service)
        return _function(service(), target, found, options)
    found = _service_time(arguments, options, None, service)
    resource = "function:FUNCTION:ALIAS" if is_function else "endpoint/ENDPOINT/variant/AllTraffic"
    if found.time is None:
        return Base(None, resource)
    plan: Plan
    if is_function:
        function = FunctionSetting(
            found.time, overhead=found.overhead, allocation_delay=ALLOCATION_DELAY
        )
        plan = FunctionPlan("", function, lambda_prices())
    else:
        endpoint = EndpointSetting(found.time, overhead=found.overhead, launch_delay=LAUNCH_DELAY)
        plan = EndpointPlan("", endpoint, priced(DEFAULT_INSTANCE_TYPE))
    return Base(plan, resource, found.notes)


def _service_time(
    arguments: argparse.Namespace,
    options: Options,
    named: Target | None,
    service: Callable[[], Service],
) -> _Service:
    """Measured by calls, or read from CloudWatch, unless it is typed."""
    if arguments.measure:
        if options.get("service"):
            raise UsageError("--measure and --service both say how long a request takes.")
        target = find_target(parse_target(arguments.measure), service())
        count = whole_number(arguments.requests, "--requests")
        found = measure(service(), target, arguments.payload, count)
        note = f"service time {found.text}; {show_duration(found.overhead)} around it"
        return _Service(ServiceTime.samples(found.seconds), found.overhead, (note,))
    if named is None or options.get("service"):
        return _Service(None)
    latency = latency_of(service(), named, parse_duration(arguments.since))
    if latency is None:
        find_target(named, service())  # one that is not there has no latency either
        raise CommandError(
            f"CloudWatch knows no latency of {named.label}. Say how long a request takes with "
            "--service, or measure it with --measure."
        )
    _, median, high = latency
    note = (
        f"service time as CloudWatch has it: p50 {show_duration(median)}, "
        f"p99 {show_duration(high)}, taken for lognormal"
    )
    median = max(median, _SHORTEST)
    return _Service(ServiceTime.lognormal(median, max(high, median)), notes=(note,))


def _endpoint(service: Service, named: Target, found: _Service, options: Options) -> Base:
    live = read_endpoint(service, named.name, named.qualifier)
    read = live.scaling
    plane = plane_of(service)
    delay = LAUNCH_DELAY if plane is None else plane.launch_delay
    scale = 1.0 if plane is None else plane.time_scale
    setting = EndpointSetting(
        found.time or ServiceTime.constant(0.0),  # --service takes its place
        live.instances,
        read.scaling if read else None,
        launch_delay=delay,
        overhead=found.overhead,
        time_scale=scale,
    )
    kind = live.instance_type
    # A price that is typed takes this one's place.
    price = InstancePrice(kind, 0.0, Confidence.GIVEN) if options.get("price") else priced(kind)
    plan = EndpointPlan(named.name, setting, price)
    notes = [*found.notes, *(read.left_out if read else ())]
    if plane is not None and not (options.get("time-scale") and options.get("launch-delay")):
        as_on_aws = f"--launch-delay {LAUNCH_DELAY / 60:g}m"
        notes.append(_as_the_plane(scale, f"launch delay {show_duration(delay)}", as_on_aws))
    return Base(plan, live.resource, tuple(notes))


def _as_the_plane(scale: float, delay: str, as_on_aws: str) -> str:
    return (
        f"the plane's are the time scale {scale:g} and the {delay}; for AWS write --time-scale 1 "
        f"{as_on_aws}"
    )


def _function(service: Service, named: Target, found: _Service, options: Options) -> Base:
    live = read_function(service, named.name, named.qualifier)
    read = live.scaling
    plane = plane_of(service)
    scale = 1.0 if plane is None else plane.time_scale
    setting = FunctionSetting(
        found.time or ServiceTime.constant(0.0),  # --service takes its place
        memory_mb=live.memory_mb,
        limit=ACCOUNT_LIMIT if live.reserved is None else live.reserved,
        provisioned=live.provisioned,
        scaling=read.scaling if read else None,
        # A plane's environments are ready as soon as they are allocated.
        allocation_delay=ALLOCATION_DELAY if plane is None else 0.0,
        overhead=found.overhead,
        time_scale=scale,
    )
    plan = FunctionPlan(named.label, setting, lambda_prices(Architecture(live.architecture)))
    resource = live.resource if named.qualifier else f"function:{named.name}:ALIAS"
    notes = [*found.notes, *(read.left_out if read else ())]
    if plane is not None and not (options.get("time-scale") and options.get("allocation-delay")):
        as_on_aws = f"--allocation-delay {ALLOCATION_DELAY / 60:g}m"
        notes.append(_as_the_plane(scale, "allocation delay 0 s", as_on_aws))
    return Base(plan, resource, tuple(notes))
