"""An alarm as it is stored, and as DescribeAlarms shows it."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from kennel.scaling import AlarmRule, AlarmState, Comparison, MissingData
from kennel.store import Document

__all__ = ["Alarm", "AlarmKey", "Configuration", "described"]


class AlarmKey(NamedTuple):
    """What identifies an alarm of the account."""

    region: str
    name: str


class Configuration(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, rename="pascal"):
    """What PutMetricAlarm was given, under AWS's names. Either the members of one metric are there
    or `metrics`."""

    alarm_description: str | None = None
    actions_enabled: bool = True
    ok_actions: tuple[str, ...] = msgspec.field(default=(), name="OKActions")
    alarm_actions: tuple[str, ...] = ()
    insufficient_data_actions: tuple[str, ...] = ()
    metric_name: str | None = None
    namespace: str | None = None
    statistic: str | None = None
    extended_statistic: str | None = None
    dimensions: tuple[dict[str, str], ...] = ()
    period: int | None = None
    unit: str | None = None
    evaluation_periods: int
    datapoints_to_alarm: int | None = None
    threshold: float
    comparison_operator: Comparison
    treat_missing_data: MissingData | None = None
    evaluate_low_sample_count_percentile: str | None = None
    metrics: tuple[dict[str, Any], ...] | None = None

    @property
    def seconds(self) -> int:
        """The period; that of its metrics, for an expression."""
        if self.period is not None:
            return self.period
        stats = [query["MetricStat"] for query in self.metrics or () if query.get("MetricStat")]
        return int(stats[0]["Period"])

    @property
    def rule(self) -> AlarmRule:
        """What decides on its state."""
        return AlarmRule(
            self.comparison_operator,
            self.threshold,
            self.seconds,
            self.evaluation_periods,
            self.datapoints_to_alarm or self.evaluation_periods,
            self.treat_missing_data or MissingData.MISSING,
        )

    def actions(self, state: AlarmState) -> tuple[str, ...]:
        """The ARNs that a change to this state invokes; none while actions are off."""
        if not self.actions_enabled:
            return ()
        return {
            AlarmState.OK: self.ok_actions,
            AlarmState.ALARM: self.alarm_actions,
            AlarmState.INSUFFICIENT_DATA: self.insufficient_data_actions,
        }[state]


class Alarm(Document, kw_only=True):
    """An alarm and how it stands. Times are in policy time, in seconds. Never changed in place: a
    new one takes its place in the book."""

    region: str
    name: str
    arn: str
    configuration: Configuration
    configured: float
    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str | None = None
    updated: float
    transitioned: float
    tags: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def key(self) -> AlarmKey:
        return AlarmKey(self.region, self.name)


def described(alarm: Alarm) -> dict[str, Any]:
    """An alarm as a MetricAlarm."""
    shown: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": alarm.configured,
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "StateValue": alarm.state.value,
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": alarm.updated,
        "StateTransitionedTimestamp": alarm.transitioned,
        "Dimensions": [],
    }
    for name, value in msgspec.to_builtins(alarm.configuration).items():
        shown[name] = list(value) if isinstance(value, tuple) else value
    if alarm.reason_data is not None:
        shown["StateReasonData"] = alarm.reason_data
    return shown
