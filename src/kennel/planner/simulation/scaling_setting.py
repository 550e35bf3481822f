"""How a capacity scales: the policies and scheduled actions of one scalable target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kennel.planner.simulation.metric import Metric, Statistic
from kennel.scaling import AlarmRule, Bounds, Suspended
from kennel.scaling.step_scaling import StepScaling
from kennel.scaling.target_tracking import TargetTracking

__all__ = ["Scaling", "ScheduledAction", "SteppingPolicy", "TrackingPolicy"]


@dataclass(frozen=True, slots=True)
class TrackingPolicy:
    """A target tracking policy and the metric that it tracks; its alarms follow from it."""

    tracking: TargetTracking
    metric: Metric
    statistic: Statistic


@dataclass(frozen=True, slots=True)
class SteppingPolicy:
    """A step scaling policy and the alarm that triggers it."""

    stepping: StepScaling
    metric: Metric
    statistic: Statistic
    alarm: AlarmRule


@dataclass(frozen=True, slots=True)
class ScheduledAction:
    """At the times of `schedule` (`cron(…)`, `rate(…)`, `at(…)` in AWS's notation) the bounds
    change; None leaves one as it is."""

    name: str
    schedule: str
    minimum: int | None = None
    maximum: int | None = None
    timezone: str = "UTC"
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scaling:
    """A scalable target. `bounds` may change by its schedules."""

    bounds: Bounds
    policies: Sequence[TrackingPolicy | SteppingPolicy] = ()
    schedules: Sequence[ScheduledAction] = ()
    suspended: Suspended | None = None
