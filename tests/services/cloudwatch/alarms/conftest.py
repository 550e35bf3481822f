"""Alarms on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kennel.clock import SimulatedClock
from kennel.services.alarm_actions import AlarmReading
from kennel.services.cloudwatch.alarms.evaluator import GRACE_SECONDS
from tests.planes import wait_until
from tests.services.cloudwatch.alarms.actor import Actor
from tests.services.cloudwatch.stage import Stage

__all__ = ["Alarms", "AlarmsFactory"]

AlarmsFactory = Callable[..., "Alarms"]


class Alarms:
    """CloudWatch whose alarms are evaluated when the test says so, in the test's thread."""

    def __init__(self, stage: Stage, clock: SimulatedClock) -> None:
        self.stage = stage
        self.clock = clock
        self.actor = Actor()
        self.evaluator = stage.cloudwatch.evaluator
        self.evaluator.stop()  # its thread; what is due waits for `pass_time`

    def put(self, name: str = "a", **values: Any) -> None:
        """PutMetricAlarm: the sum of "m" in "N" above 10 in three of three minutes."""
        given = {
            "MetricName": "m",
            "Namespace": "N",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 3,
            "Threshold": 10.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **values,
        }
        given = {key: value for key, value in given.items() if value is not None}
        self.stage.call("PutMetricAlarm", AlarmName=name, **given)

    def pass_time(self, seconds: float = 60.0) -> int:
        """Moves the clock on, and evaluates what is due then."""
        self.clock.advance(seconds)
        return self.evaluator.run_due()

    def minute(self, value: float | None, metric: str = "m") -> None:
        """A minute in which the metric gets a value, in its middle."""
        if value is not None:
            self.stage.cloudwatch.sink.add("N", metric, {}, value, timestamp=self.now + 30)
        self.pass_time(60)

    @property
    def now(self) -> float:
        return self.clock.policy()

    def shown(self, name: str = "a") -> Mapping[str, Any]:
        """The alarm as DescribeAlarms shows it."""
        (alarm,) = self.stage.call("DescribeAlarms", AlarmNames=[name])["MetricAlarms"]
        found: Mapping[str, Any] = alarm
        return found

    def state(self, name: str = "a") -> str:
        return str(self.shown(name)["StateValue"])

    def reading(self, name: str = "a") -> AlarmReading | None:
        return self.stage.cloudwatch.alarm_reading(name)

    def history(self, kind: str | None = None, **parameters: Any) -> list[dict[str, Any]]:
        """Oldest first."""
        if kind is not None:
            parameters["HistoryItemType"] = kind
        reply = self.stage.call("DescribeAlarmHistory", ScanBy="TimestampAscending", **parameters)
        items: list[dict[str, Any]] = reply["AlarmHistoryItems"]
        return items

    def actions(self, count: int) -> list[dict[str, Any]]:
        """The history's actions, as soon as there are so many."""
        wait_until(lambda: len(self.history("Action")) >= count, 10, f"{count} actions")
        found = self.history("Action")
        assert len(found) == count
        return found

    def calls(self, count: int) -> list[Any]:
        """The calls that the scaling service got, as soon as there are so many."""
        wait_until(lambda: len(self.actor.calls) >= count, 10, f"{count} calls")
        assert len(self.actor.calls) == count
        return self.actor.calls


@pytest.fixture
def make_alarms(make_stage: Callable[..., Stage], clock: SimulatedClock) -> AlarmsFactory:
    """`make_alarms()`: on the test's own state folder. Stop the one before first."""

    def make(with_actor: bool = True) -> Alarms:
        alarms = Alarms(make_stage(clock=clock), clock)
        if with_actor:
            alarms.stage.dispatcher.add(alarms.actor)
        return alarms

    return make


@pytest.fixture
def alarms(make_alarms: AlarmsFactory, clock: SimulatedClock) -> Alarms:
    """Just past the end of a minute, so that each further minute ends with an evaluation."""
    found = make_alarms()
    clock.advance(GRACE_SECONDS)
    return found
