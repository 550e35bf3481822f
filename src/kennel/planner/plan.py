"""A plan: what is simulated, under which name, and what it is paid by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kennel.planner.errors import BadPlan, BadQuantity, NoPrice
from kennel.planner.option_values import OptionValues, number, whole
from kennel.planner.options import OPTIONS, Options, Scope
from kennel.planner.policy_text import parse_capacity
from kennel.planner.prices import (
    Architecture,
    Confidence,
    InstancePrice,
    LambdaPrices,
    instance_price,
    lambda_prices,
)
from kennel.planner.quantities import parse_duration
from kennel.planner.scaling_options import scaling_of
from kennel.planner.service_text import parse_service_time
from kennel.planner.simulation import EndpointSetting, FunctionSetting, Routing, ServiceTime
from kennel.scaling.admission import ACCOUNT_LIMIT, LEAST_UNRESERVED

__all__ = [
    "ALLOCATION_DELAY",
    "DEFAULT_INSTANCE_TYPE",
    "LAUNCH_DELAY",
    "EndpointPlan",
    "FunctionPlan",
    "Plan",
    "endpoint_plan",
    "function_plan",
    "priced",
    "scope_of",
]

LAUNCH_DELAY = 240.0
"""Seconds until a new instance of an endpoint serves on AWS; observed by third parties, who tell
of three to seven minutes for models of usual size."""

ALLOCATION_DELAY = 60.0
"""Seconds until provisioned concurrency is ready on AWS; observed by third parties, who tell of a
minute or two."""

DEFAULT_INSTANCE_TYPE = "ml.m5.xlarge"

_MEMORY = range(128, 10241)  # MB that a function may have


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """A variant of an endpoint, and what an hour of its instance costs."""

    name: str
    setting: EndpointSetting
    price: InstancePrice


@dataclass(frozen=True, slots=True)
class FunctionPlan:
    """A function's version or alias, and what it is paid by."""

    name: str
    setting: FunctionSetting
    prices: LambdaPrices


Plan = EndpointPlan | FunctionPlan


def scope_of(options: Options) -> Scope:
    """Whose options these are; BOTH if they would suit either. Raises BadPlan if they are of both
    kinds."""
    names = {option.scope: option.name for option in OPTIONS if options.get(option.name)}
    if Scope.FUNCTION in names and Scope.ENDPOINT in names:
        raise BadPlan(
            f"{names[Scope.ENDPOINT]} is of an endpoint and {names[Scope.FUNCTION]} of a "
            "function; a plan is about one of them"
        )
    return next((scope for scope in (Scope.FUNCTION, Scope.ENDPOINT) if scope in names), Scope.BOTH)


def endpoint_plan(name: str, options: Options, base: EndpointPlan | None = None) -> EndpointPlan:
    """The plan of these options, the others as in `base`. Raises PlannerError."""
    values = OptionValues(options)
    if base is None:
        old = EndpointSetting(_service(options, None), launch_delay=LAUNCH_DELAY)
    else:
        old = base.setting
    bounds = values.one("instances", parse_capacity, None)
    scaling = scaling_of(values, bounds, old.scaling, old.instances)
    low = bounds.minimum if bounds else old.instances
    if min(low, scaling.bounds.minimum if scaling else low) < 1:
        raise BadPlan("An endpoint's variant has at least one instance")
    price = _price(values, base.price if base else None)
    if scaling and price.instance_type.startswith("ml.t2."):
        raise BadPlan(f"{price.instance_type} is burstable; AWS does not scale it")
    setting = replace(
        old,
        service_time=_service(options, old.service_time),
        instances=scaling.bounds.clip(low) if scaling else low,
        scaling=scaling,
        launch_delay=values.one("launch-delay", parse_duration, old.launch_delay),
        overhead=values.one("overhead", parse_duration, old.overhead),
        time_scale=values.one("time-scale", number, old.time_scale),
        routing=values.one("routing", _routing, old.routing),
    )
    return EndpointPlan(name, setting, price)


def function_plan(name: str, options: Options, base: FunctionPlan | None = None) -> FunctionPlan:
    """The plan of these options, the others as in `base`. Raises PlannerError."""
    values = OptionValues(options)
    if base is None:
        old = FunctionSetting(_service(options, None), allocation_delay=ALLOCATION_DELAY)
    else:
        old = base.setting
    bounds = values.one("provisioned", parse_capacity, None)
    scaling = scaling_of(values, bounds, old.scaling, old.provisioned)
    low = bounds.minimum if bounds else old.provisioned
    limit = values.one("reserved", _reserved, old.limit)
    most = scaling.bounds.maximum if scaling else low
    if most > limit:
        raise BadPlan(f"Provisioned concurrency of {most} is more than the {limit} reserved")
    memory = values.one("memory", whole, old.memory_mb)
    if memory not in _MEMORY:
        raise BadPlan(f"A function has 128 to 10,240 MB of memory, not {memory}")
    setting = replace(
        old,
        service_time=_service(options, old.service_time),
        init=values.one("init", _init, old.init),
        memory_mb=memory,
        limit=limit,
        provisioned=scaling.bounds.clip(low) if scaling else low,
        scaling=scaling,
        allocation_delay=values.one("allocation-delay", parse_duration, old.allocation_delay),
        idle_timeout=values.one("idle-timeout", parse_duration, old.idle_timeout),
        time_scale=values.one("time-scale", number, old.time_scale),
        overhead=values.one("overhead", parse_duration, old.overhead),
    )
    prices = base.prices if base else lambda_prices()
    return FunctionPlan(name, setting, values.one("architecture", _lambda_prices, prices))


def priced(instance_type: str) -> InstancePrice:
    """The table's price of hosting on it. Raises BadPlan, NoPrice."""
    if not instance_type.startswith("ml."):
        raise BadPlan(f"{instance_type!r} is no instance type of SageMaker's; they begin with ml.")
    try:
        return instance_price(instance_type)
    except NoPrice as error:
        raise NoPrice(f"{error} with --price") from None


def _service(options: Options, old: ServiceTime | None) -> ServiceTime:
    values = options.get("service")
    if values:
        return parse_service_time(values[-1])
    if old is None:
        raise BadPlan("It is not known how long a request takes; say so with --service")
    return old


def _init(text: str) -> ServiceTime:
    if text.strip() in ("0", "0s"):
        return ServiceTime.constant(0.0)
    return parse_service_time(text)


def _reserved(text: str) -> int:
    most = ACCOUNT_LIMIT - LEAST_UNRESERVED
    found = whole(text)
    if found > most:
        raise BadQuantity(
            f"{found:,} is above {most:,}: of an account's {ACCOUNT_LIMIT:,}, {LEAST_UNRESERVED} "
            "stay unreserved"
        )
    return found


def _routing(text: str) -> Routing:
    found = {"least": Routing.LEAST_OUTSTANDING_REQUESTS, "random": Routing.RANDOM}.get(text)
    if found is None:
        raise BadQuantity(f"{text!r} is neither least nor random")
    return found


def _price(values: OptionValues, old: InstancePrice | None) -> InstancePrice:
    kind = values.one("instance-type", str, old.instance_type if old else DEFAULT_INSTANCE_TYPE)
    given = values.one("price", number, None)
    if given is not None:
        return InstancePrice(kind, given, Confidence.GIVEN)
    if old is not None and old.instance_type == kind:
        return old
    return priced(kind)


def _lambda_prices(text: str) -> LambdaPrices:
    try:
        return lambda_prices(Architecture(text))
    except ValueError:
        raise BadQuantity(f"{text!r} is neither x86_64 nor arm64") from None
