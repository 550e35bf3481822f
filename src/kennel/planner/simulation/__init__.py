"""Traffic against a setting, on a simulated clock.

The settings are plain values. Whoever simulates needs the extra `plan` (numpy and numba), which is
loaded then and not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kennel.planner.simulation.endpoint_setting import EndpointSetting, Routing
from kennel.planner.simulation.function_setting import FunctionSetting
from kennel.planner.simulation.histogram import Histogram
from kennel.planner.simulation.metric import Metric, Statistic
from kennel.planner.simulation.result import Activity, EndpointResult, FunctionResult, Minutes
from kennel.planner.simulation.scaling_setting import (
    Scaling,
    ScheduledAction,
    SteppingPolicy,
    TrackingPolicy,
)
from kennel.planner.simulation.service_time import ServiceTime

if TYPE_CHECKING:
    from kennel.planner.traffic import Traffic

__all__ = [
    "Activity",
    "EndpointResult",
    "EndpointSetting",
    "FunctionResult",
    "FunctionSetting",
    "Histogram",
    "Metric",
    "Minutes",
    "Routing",
    "Scaling",
    "ScheduledAction",
    "ServiceTime",
    "Statistic",
    "SteppingPolicy",
    "TrackingPolicy",
    "must_compile",
    "simulate_endpoint",
    "simulate_function",
]


def simulate_endpoint(
    setting: EndpointSetting,
    traffic: Traffic,
    *,
    seed: int = 0,
    duration: float | None = None,
    begins: float = 0.0,
) -> EndpointResult:
    """Sends the traffic to a variant for `duration` seconds of wall time (default: the traffic's)
    and lets it answer what has come by then.

    The same seed gives the same requests, whatever the setting. `begins` is the policy time of the
    beginning, as Unix time: periods end at its full minutes, and schedules go by it. Raises
    BadPlan.
    """
    from kennel.planner.simulation.endpoint import EndpointSimulation

    traffic, end = _lasting(traffic, duration)
    return EndpointSimulation(setting, traffic, seed, begins).run(end * setting.time_scale)


def simulate_function(
    setting: FunctionSetting,
    traffic: Traffic,
    *,
    seed: int = 0,
    duration: float | None = None,
    begins: float = 0.0,
) -> FunctionResult:
    """Calls a function with the traffic; otherwise as `simulate_endpoint`."""
    from kennel.planner.simulation.function import FunctionSimulation

    traffic, end = _lasting(traffic, duration)
    return FunctionSimulation(setting, traffic, seed, begins).run(end * setting.time_scale)


def must_compile() -> bool:
    """Whether the first simulation will take some seconds more, because nobody has simulated with
    this installation before."""
    from kennel.planner.compiled import function, variant
    from kennel.planner.compiled.jit import is_kept

    return not (is_kept(variant.run) or is_kept(function.run))


def _lasting(traffic: Traffic, duration: float | None) -> tuple[Traffic, float]:
    if duration is None:
        return traffic, traffic.duration
    return (traffic.over(duration) if duration < traffic.duration else traffic), duration
