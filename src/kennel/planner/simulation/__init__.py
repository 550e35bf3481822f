"""Traffic against a setting, on a simulated clock.

The settings are plain values. Whoever simulates needs the extra `plan` (numpy and numba), which is
loaded then and not before.
"""

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
]
