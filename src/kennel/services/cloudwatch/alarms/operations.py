"""CloudWatch's operations on alarms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from kennel.scaling import AlarmState
from kennel.services.alarm_actions import AlarmReading
from kennel.services.cloudwatch.alarms import history
from kennel.services.cloudwatch.alarms.actions import ActionRunner
from kennel.services.cloudwatch.alarms.book import AlarmBook, Change
from kennel.services.cloudwatch.alarms.evaluator import Evaluator
from kennel.services.cloudwatch.alarms.instants import stamp
from kennel.services.cloudwatch.alarms.record import Alarm, AlarmKey, Configuration, described
from kennel.services.cloudwatch.alarms.request import check_name, configuration
from kennel.services.cloudwatch.alarms.tags import AlarmTags, checked_tags
from kennel.services.cloudwatch.alarms.transition import transition
from kennel.services.cloudwatch.base import CloudWatchBase
from kennel.services.cloudwatch.datum import check_size, dimensions_of
from kennel.services.cloudwatch.errors import (
    InvalidFormatFault,
    InvalidNextToken,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    LimitExceededFault,
    MissingRequiredParameterException,
    ResourceNotFound,
)
from kennel.services.cloudwatch.timestamps import epoch
from kennel.services.context import Context
from kennel.services.page_token import decode_place, encode_place
from kennel.services.parameters import takes
from kennel.services.service import Parts

__all__ = ["MOST_ALARMS", "AlarmOperations"]

MOST_ALARMS = 5000
"""In a region. Source: "CloudWatch service quotas"."""

_MOST_NAMES = 100
_PAGE = 100  # of MaxRecords, and what a page has without it
_ALARM_TYPES = ("CompositeAlarm", "MetricAlarm", "LogAlarm")


class AlarmOperations(AlarmTags, CloudWatchBase):
    """Metric alarms; there are no others. `alarm_reading` is for services that scale by them."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.book = AlarmBook(self._database)
        self._runner = ActionRunner(parts, self._database, self.book)
        self.evaluator = Evaluator(self._database, self.sink, parts.clock, self.book, self._runner)

    def ready(self) -> None:
        """Alarms are evaluated, and what they call is there."""
        self._runner.start()
        self.evaluator.start()

    def leave(self) -> None:
        self.evaluator.stop()
        self._runner.stop()

    def alarm_reading(self, alarm_name: str) -> AlarmReading | None:
        """The alarm of the plane's region as it was evaluated last; None if there is none."""
        return self.evaluator.reading(AlarmKey(self.parts.region, alarm_name))

    @takes(
        *("AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions"),
        *("InsufficientDataActions", "MetricName", "Namespace", "Statistic", "ExtendedStatistic"),
        *("Dimensions", "Period", "Unit", "DatapointsToAlarm", "Threshold", "TreatMissingData"),
        *("EvaluateLowSampleCountPercentile", "Metrics"),
    )
    def put_metric_alarm(
        self,
        ctx: Context,
        *,
        AlarmName: str,
        EvaluationPeriods: int | None = None,
        ComparisonOperator: str = "",
        Tags: Sequence[dict[str, str]] | None = None,
        **values: Any,
    ) -> None:
        """A new alarm starts with INSUFFICIENT_DATA; one that is there keeps its state and tags."""
        check_name(AlarmName)
        # The model no longer says of these two that every alarm needs them.
        if EvaluationPeriods is None or not ComparisonOperator:
            lacking = "EvaluationPeriods" if EvaluationPeriods is None else "ComparisonOperator"
            raise MissingRequiredParameterException(f"The parameter {lacking} is required.")
        values |= {"EvaluationPeriods": EvaluationPeriods, "ComparisonOperator": ComparisonOperator}
        wanted = configuration(values, ctx.region, ctx.account_id)
        tags = checked_tags({}, Tags or ())
        made, _ = self.book.change(lambda: [self._put(ctx, AlarmName, wanted, tags)])
        assert made[0].after is not None
        self.evaluator.watch(made[0].after)

    def _put(self, ctx: Context, name: str, wanted: Configuration, tags: dict[str, str]) -> Change:
        now = stamp(self.parts.clock)
        before = self.book.get(AlarmKey(ctx.region, name))
        if before is not None:
            after = msgspec.structs.replace(before, configuration=wanted, configured=now)
            return Change(before, after, [history.configured(after, "updated")])
        if self.book.count(ctx.region) >= MOST_ALARMS:
            raise LimitExceededFault(f"The region has {MOST_ALARMS} alarms; it can't have more.")
        after = Alarm(
            region=ctx.region,
            name=name,
            arn=ctx.arn("cloudwatch", f"alarm:{name}"),
            configuration=wanted,
            configured=now,
            updated=now,
            transitioned=now,
            tags=tags,
        )
        return Change(None, after, [history.configured(after, "created")])

    def delete_alarms(self, ctx: Context, *, AlarmNames: Sequence[str]) -> None:
        """Names of no alarm are passed over."""
        check_size("AlarmNames", AlarmNames, _MOST_NAMES)
        now = stamp(self.parts.clock)

        def decide() -> list[Change]:
            found = [
                self.book.get(AlarmKey(ctx.region, name)) for name in dict.fromkeys(AlarmNames)
            ]
            return [
                Change(
                    alarm,
                    None,
                    [history.configured(msgspec.structs.replace(alarm, configured=now), "deleted")],
                )
                for alarm in found
                if alarm is not None
            ]

        for change in self.book.change(decide)[0]:
            self.evaluator.forget(change.key)
            self._runner.forget(change.key)

    def describe_alarms(
        self,
        ctx: Context,
        *,
        AlarmNames: Sequence[str] | None = None,
        AlarmNamePrefix: str | None = None,
        AlarmTypes: Sequence[str] | None = None,
        StateValue: str | None = None,
        ActionPrefix: str | None = None,
        MaxRecords: int | None = None,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        """In the order of names. There are no composite alarms, so those asked for are none."""
        if AlarmNames and AlarmNamePrefix is not None:
            raise InvalidParameterCombinationException(
                "AlarmNamePrefix and AlarmNames may not be specified together."
            )
        check_size("AlarmNames", AlarmNames or (), _MOST_NAMES)
        found = [
            alarm
            for alarm in self._of_types(ctx, AlarmTypes)
            if (not AlarmNames or alarm.name in AlarmNames)
            and alarm.name.startswith(AlarmNamePrefix or "")
            and StateValue in (None, alarm.state)
            and (ActionPrefix is None or _has_action(alarm.configuration, ActionPrefix))
        ]
        if NextToken is not None:
            place = decode_place(NextToken, "DescribeAlarms", str)
            if place is None:
                raise InvalidNextToken("The specified NextToken is invalid.")
            found = [alarm for alarm in found if alarm.name > place[0]]
        size = _page_size(MaxRecords)
        reply: dict[str, Any] = {
            "MetricAlarms": [described(alarm) for alarm in found[:size]],
            "CompositeAlarms": [],
        }
        if len(found) > size:
            reply["NextToken"] = encode_place("DescribeAlarms", found[size - 1].name)
        return reply

    def describe_alarms_for_metric(
        self,
        ctx: Context,
        *,
        MetricName: str,
        Namespace: str,
        Statistic: str | None = None,
        ExtendedStatistic: str | None = None,
        Dimensions: Sequence[dict[str, str]] | None = None,
        Period: int | None = None,
        Unit: str | None = None,
    ) -> dict[str, Any]:
        """Alarms on the metric itself with just these dimensions, not those on expressions."""
        dimensions = dimensions_of(Dimensions)
        asked = {"statistic": Statistic, "extended_statistic": ExtendedStatistic}
        asked |= {"unit": Unit}
        return {
            "MetricAlarms": [
                described(alarm)
                for alarm in self.book.of_region(ctx.region)
                if (given := alarm.configuration).metric_name == MetricName
                and given.namespace == Namespace
                and dimensions_of(given.dimensions) == dimensions
                and Period in (None, given.period)
                and all(value in (None, getattr(given, name)) for name, value in asked.items())
            ]
        }

    def describe_alarm_history(
        self,
        ctx: Context,
        *,
        AlarmName: str | None = None,
        AlarmTypes: Sequence[str] | None = None,
        HistoryItemType: str | None = None,
        StartDate: float | datetime | None = None,
        EndDate: float | datetime | None = None,
        MaxRecords: int | None = None,
        NextToken: str | None = None,
        ScanBy: str = "TimestampDescending",
    ) -> dict[str, Any]:
        """Dates are in policy time."""
        after = None
        if NextToken is not None:
            place = decode_place(NextToken, "DescribeAlarmHistory", int)
            if place is None:
                raise InvalidNextToken("The specified NextToken is invalid.")
            after = place[0]
        size = _page_size(MaxRecords)
        if not _names_metric_alarms(AlarmTypes):
            return {"AlarmHistoryItems": []}
        wanted = history.Filter(
            ctx.region,
            AlarmName,
            HistoryItemType,
            None if StartDate is None else epoch(StartDate),
            None if EndDate is None else epoch(EndDate),
            after,
            ScanBy == "TimestampDescending",
        )
        items, last = self._database.read(lambda connection: history.read(connection, wanted, size))
        reply: dict[str, Any] = {"AlarmHistoryItems": items}
        if last is not None:
            reply["NextToken"] = encode_place("DescribeAlarmHistory", last)
        return reply

    def set_alarm_state(
        self,
        ctx: Context,
        *,
        AlarmName: str,
        StateValue: str,
        StateReason: str,
        StateReasonData: str | None = None,
    ) -> None:
        """Until the alarm is evaluated again. Another state than before invokes its actions."""
        value = _newest_datapoint(StateReasonData)
        now = stamp(self.parts.clock)

        def decide() -> list[Change]:
            alarm = self.book.get(AlarmKey(ctx.region, AlarmName))
            if alarm is None:
                raise ResourceNotFound(f"Unknown alarm: {AlarmName}")
            state = AlarmState(StateValue)
            return [transition(alarm, state, StateReason, StateReasonData, now, value)]

        (change,), errands = self.book.change(decide)
        assert change.after is not None
        self.evaluator.was_set(change.after, value)
        self._runner.run(errands)

    def enable_alarm_actions(self, ctx: Context, *, AlarmNames: Sequence[str]) -> None:
        self._set_actions_enabled(ctx, AlarmNames, True)

    def disable_alarm_actions(self, ctx: Context, *, AlarmNames: Sequence[str]) -> None:
        self._set_actions_enabled(ctx, AlarmNames, False)

    def _set_actions_enabled(self, ctx: Context, names: Sequence[str], enabled: bool) -> None:
        """Names of no alarm are passed over."""
        check_size("AlarmNames", names, _MOST_NAMES)
        now = stamp(self.parts.clock)

        def decide() -> list[Change]:
            changes = []
            for name in dict.fromkeys(names):
                alarm = self.book.get(AlarmKey(ctx.region, name))
                if alarm is None or alarm.configuration.actions_enabled is enabled:
                    continue
                after = msgspec.structs.replace(
                    alarm,
                    configuration=msgspec.structs.replace(
                        alarm.configuration, actions_enabled=enabled
                    ),
                    configured=now,
                )
                changes.append(Change(alarm, after, [history.configured(after, "updated")]))
            return changes

        self.book.change(decide)

    def _of_types(self, ctx: Context, types: Sequence[str] | None) -> list[Alarm]:
        return self.book.of_region(ctx.region) if _names_metric_alarms(types) else []


def _names_metric_alarms(types: Sequence[str] | None) -> bool:
    if unknown := set(types or ()) - set(_ALARM_TYPES):
        raise InvalidParameterValueException(
            f"The value {min(unknown)} for parameter AlarmTypes is invalid."
        )
    return not types or "MetricAlarm" in types


def _has_action(given: Configuration, prefix: str) -> bool:
    actions = (*given.ok_actions, *given.alarm_actions, *given.insufficient_data_actions)
    return any(action.startswith(prefix) for action in actions)


def _page_size(most: int | None) -> int:
    if most is None:
        return _PAGE
    if not 1 <= most <= _PAGE:
        raise InvalidParameterValueException(
            f"The value {most} for parameter MaxRecords is invalid: it must lie between 1 and "
            f"{_PAGE}."
        )
    return most


def _newest_datapoint(reason_data: str | None) -> float | None:
    """What StateReasonData says of the newest datapoint: a scaling policy acts by it."""
    if reason_data is None:
        return None
    try:
        data = msgspec.json.decode(reason_data)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidFormatFault("StateReasonData was not valid JSON") from None
    recent = data.get("recentDatapoints") if isinstance(data, dict) else None
    newest = recent[-1] if isinstance(recent, list) and recent else None
    return float(newest) if isinstance(newest, int | float) else None
