"""Traffic against a setting, on a simulated clock.

The settings are plain values. Whoever simulates needs the extra `plan` (numpy and numba), which is
loaded then and not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kennel.planner.simulation.endpoint_setting import EndpointSetting
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
    "Scaling",
    "ScheduledAction",
    "ServiceTime",
    "Statistic",
    "SteppingPolicy",
    "TrackingPolicy",
    "simulate_endpoint",
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

    end = traffic.duration if duration is None else duration
    cut = traffic.over(end) if end < traffic.duration else traffic
    return EndpointSimulation(setting, cut, seed, begins).run(end * setting.time_scale)
