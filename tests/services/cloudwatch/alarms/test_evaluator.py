from __future__ import annotations

import json
from typing import Any

import pytest

from kennel.clock import SimulatedClock
from kennel.scaling import AlarmState
from kennel.services.alarm_actions import AlarmReading
from tests.services.cloudwatch.alarms.actor import POLICY, TOPIC
from tests.services.cloudwatch.alarms.conftest import Alarms, AlarmsFactory


def states(alarms: Alarms) -> list[str]:
    return [item["HistorySummary"] for item in alarms.history("StateUpdate")]


def test_a_new_alarm_knows_nothing_until_its_period_is_over(alarms: Alarms) -> None:
    alarms.put()
    shown = alarms.shown()
    assert shown["StateValue"] == "INSUFFICIENT_DATA"
    assert shown["StateReason"] == "Unchecked: Initial alarm creation"
    assert "StateReasonData" not in shown
    assert alarms.pass_time(59) == 0
    assert alarms.pass_time(1) == 1


def test_an_alarm_goes_up_and_down_with_its_metric(alarms: Alarms) -> None:
    alarms.put()
    for value in (5, 12, 13, 14, 4):
        alarms.minute(value)
    assert states(alarms) == [
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]
    assert alarms.shown()["StateTransitionedTimestamp"] == alarms.now


def test_a_state_says_why(alarms: Alarms) -> None:
    alarms.put(EvaluationPeriods=2, DatapointsToAlarm=2)
    for value in (12, 13.5):
        alarms.minute(value)
    shown = alarms.shown()
    assert shown["StateReason"] == (
        "Threshold Crossed: 2 out of the last 2 datapoints [13.5 (15/01/27 08:01:00), 12.0 "
        "(15/01/27 08:00:00)] were greater than the threshold (10.0) (minimum 2 datapoints for OK "
        "-> ALARM transition)."
    )
    assert json.loads(shown["StateReasonData"]) == {
        "version": "1.0",
        "queryDate": "2027-01-15T08:02:00.200+0000",
        "startDate": "2027-01-15T08:00:00.000+0000",
        "statistic": "Sum",
        "period": 60,
        "recentDatapoints": [12.0, 13.5],
        "threshold": 10.0,
        "evaluatedDatapoints": [
            {"timestamp": "2027-01-15T08:01:00.000+0000", "sampleCount": 1.0, "value": 13.5},
            {"timestamp": "2027-01-15T08:00:00.000+0000", "sampleCount": 1.0, "value": 12.0},
        ],
    }


def test_data_count_from_memory_from_the_store_and_from_both(alarms: Alarms) -> None:
    alarms.put(EvaluationPeriods=1)
    sink = alarms.stage.cloudwatch.sink
    sink.add("N", "m", {}, 6, timestamp=alarms.now + 1)
    sink.flush()
    sink.add("N", "m", {}, 7, timestamp=alarms.now + 2)
    alarms.pass_time()
    assert alarms.reading() == AlarmReading(AlarmState.ALARM, 13.0, 10.0)


def test_data_from_before_the_alarm_was_made_count(alarms: Alarms) -> None:
    for value in (12, 13, 14):
        alarms.minute(value)
    alarms.put()
    alarms.minute(15)
    assert alarms.state() == "ALARM"


def test_who_falls_behind_skips_to_the_newest_period(alarms: Alarms) -> None:
    alarms.put(EvaluationPeriods=1)
    alarms.minute(12)
    assert alarms.pass_time(600) == 1
    assert alarms.pass_time(59) == 0
    assert alarms.pass_time(1) == 1
    assert states(alarms)[-1].endswith("to INSUFFICIENT_DATA")


def test_a_high_resolution_alarm_is_evaluated_at_its_own_pace(alarms: Alarms) -> None:
    alarms.put(Period=10, EvaluationPeriods=2)
    sink = alarms.stage.cloudwatch.sink
    for number in range(3):
        sink.add("N", "m", {}, 11 + number, timestamp=alarms.now + 5, resolution=1)
        assert alarms.pass_time(10) == 1
    assert alarms.reading() == AlarmReading(AlarmState.ALARM, 13.0, 10.0)


def test_the_window_of_a_longer_period_slides_by_the_minute(alarms: Alarms) -> None:
    alarms.put(Period=300, EvaluationPeriods=1, TreatMissingData="notBreaching")
    alarms.minute(6)
    assert alarms.reading() == AlarmReading(AlarmState.OK, 6.0, 10.0)
    alarms.minute(7)
    assert alarms.reading() == AlarmReading(AlarmState.ALARM, 13.0, 10.0)
    for _ in range(4):
        alarms.minute(0)
    assert alarms.reading() == AlarmReading(AlarmState.OK, 7.0, 10.0)


def test_an_alarm_that_looks_at_days_is_evaluated_by_the_hour(alarms: Alarms) -> None:
    alarms.put(Period=3600, EvaluationPeriods=48)
    assert sum(alarms.pass_time(60) for _ in range(120)) == 2


@pytest.mark.parametrize(
    ("missing", "state"),
    [
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "OK"),
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
    ],
)
def test_an_alarm_does_what_it_was_told_about_missing_data(
    alarms: Alarms, missing: str, state: str
) -> None:
    alarms.put(TreatMissingData=missing)
    for value in (1, 1, 1, None, None, None, None, None):
        alarms.minute(value)
    assert alarms.state() == state


def test_a_percentile_waits_for_enough_samples_if_told_so(alarms: Alarms) -> None:
    percentile: dict[str, Any] = {
        "Statistic": None,
        "ExtendedStatistic": "p90",
        "EvaluationPeriods": 1,
    }
    alarms.put("waits", EvaluateLowSampleCountPercentile="ignore", **percentile)
    alarms.put("acts", **percentile)
    sink = alarms.stage.cloudwatch.sink
    for _ in range(99):
        sink.add("N", "m", {}, 20.0, timestamp=alarms.now + 1)
    alarms.pass_time()
    assert (alarms.state("waits"), alarms.state("acts")) == ("INSUFFICIENT_DATA", "ALARM")
    for _ in range(100):
        sink.add("N", "m", {}, 20.0, timestamp=alarms.now + 1)
    alarms.pass_time()
    assert alarms.state("waits") == "ALARM"


def test_a_unit_that_is_named_keeps_the_others_out(alarms: Alarms) -> None:
    alarms.put(Unit="Count", EvaluationPeriods=1)
    sink = alarms.stage.cloudwatch.sink
    sink.add("N", "m", {}, 3, "Count", timestamp=alarms.now + 1)
    sink.add("N", "m", {}, 30, "Seconds", timestamp=alarms.now + 1)
    alarms.pass_time()
    assert alarms.reading() == AlarmReading(AlarmState.OK, 3.0, 10.0)
    assert json.loads(alarms.shown()["StateReasonData"])["unit"] == "Count"


def test_an_alarm_watches_an_expression(alarms: Alarms) -> None:
    stat = {"Period": 60, "Stat": "Sum"}
    single: dict[str, Any] = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))
    alarms.put(
        **single,
        EvaluationPeriods=1,
        Threshold=0.5,
        Metrics=[
            {
                "Id": name,
                "MetricStat": {"Metric": {"Namespace": "N", "MetricName": metric}, **stat},
                "ReturnData": False,
            }
            for name, metric in {"e": "errors", "c": "calls"}.items()
        ]
        + [{"Id": "share", "Expression": "e / c", "ReturnData": True}],
    )
    for errors in (1, 6):
        sink = alarms.stage.cloudwatch.sink
        sink.add("N", "errors", {}, errors, timestamp=alarms.now + 1)
        sink.add("N", "calls", {}, 10, timestamp=alarms.now + 1)
        alarms.pass_time()
    assert alarms.reading() == AlarmReading(AlarmState.ALARM, 0.6, 0.5)
    assert states(alarms)[0] == "Alarm updated from INSUFFICIENT_DATA to OK"
    data = json.loads(alarms.shown()["StateReasonData"])
    assert "statistic" not in data
    assert data["evaluatedDatapoints"] == [
        {"timestamp": "2027-01-15T08:01:00.000+0000", "value": 0.6}
    ]


def test_a_scaling_policy_is_invoked_at_the_change_and_every_minute_after(alarms: Alarms) -> None:
    alarms.put(Period=10, EvaluationPeriods=1, AlarmActions=[POLICY, TOPIC])
    sink = alarms.stage.cloudwatch.sink
    began = alarms.now
    for number in range(13):
        sink.add("N", "m", {}, 20.0 + number, timestamp=alarms.now + 5, resolution=1)
        alarms.pass_time(10)
        calls = alarms.calls(1 + number // 6)
    assert [round(call.at - began) for call in calls] == [10, 70, 130]
    assert [call.reading.value for call in calls] == [20.0, 26.0, 32.0]
    assert {(call.alarm_name, call.action_arn) for call in calls} == {("a", POLICY)}
    assert [item["HistorySummary"] for item in alarms.actions(2)] == [
        f"Successfully executed action {POLICY}",
        f'Failed to execute action {TOPIC}. Received error: "Kennel does not run the service '
        'behind an SNS topic; nothing was done."',
    ]


def test_a_history_says_when_a_policy_is_gone_and_when_it_is_back(alarms: Alarms) -> None:
    alarms.put(EvaluationPeriods=1, AlarmActions=[POLICY])
    alarms.minute(11)
    alarms.actions(1)
    alarms.actor.refuses = True
    alarms.minute(11)
    alarms.actions(2)
    alarms.minute(11)
    alarms.actor.refuses = False
    alarms.minute(11)
    failed, worked = alarms.actions(3)[1:]
    assert json.loads(failed["HistoryData"])["error"] == "there is no such policy"
    assert worked["HistorySummary"].startswith("Successfully")


def test_without_application_auto_scaling_the_action_fails(make_alarms: AlarmsFactory) -> None:
    alarms = make_alarms(with_actor=False)
    alarms.clock.advance(1)
    alarms.put(EvaluationPeriods=1, AlarmActions=[POLICY])
    alarms.minute(11)
    assert alarms.actions(1)[0]["HistorySummary"].startswith("Failed to execute action")
    assert alarms.state() == "ALARM"


def test_actions_that_are_off_are_not_invoked(alarms: Alarms) -> None:
    alarms.put(EvaluationPeriods=1, AlarmActions=[POLICY])
    alarms.stage.call("DisableAlarmActions", AlarmNames=["a", "nobody"])
    alarms.minute(11)
    alarms.minute(11)
    assert alarms.history("Action") == []
    alarms.stage.call("EnableAlarmActions", AlarmNames=["a"])
    alarms.minute(11)
    alarms.calls(1)


def test_an_alarm_that_is_changed_keeps_its_state(alarms: Alarms) -> None:
    alarms.put(EvaluationPeriods=1)
    alarms.minute(11)
    alarms.put(EvaluationPeriods=1, Threshold=100.0)
    assert alarms.state() == "ALARM"
    alarms.minute(11)
    assert alarms.state() == "OK"


def test_a_deleted_alarm_is_no_more_and_its_history_stays(alarms: Alarms) -> None:
    alarms.put()
    alarms.stage.call("DeleteAlarms", AlarmNames=["a", "nobody"])
    assert alarms.reading() is None
    assert alarms.pass_time() == 0
    assert [item["HistorySummary"] for item in alarms.history(AlarmName="a")] == [
        'Alarm "a" created',
        'Alarm "a" deleted',
    ]


def test_a_state_that_is_set_lasts_until_the_next_evaluation(alarms: Alarms) -> None:
    alarms.put(AlarmActions=[POLICY])
    for _ in range(3):
        alarms.minute(1)
    alarms.stage.call(
        "SetAlarmState",
        AlarmName="a",
        StateValue="ALARM",
        StateReason="a drill",
        StateReasonData=json.dumps({"recentDatapoints": [5, 42]}),
    )
    assert alarms.reading() == AlarmReading(AlarmState.ALARM, 42.0, 10.0)
    assert alarms.calls(1)[0].reading.value == 42.0
    assert alarms.shown()["StateReason"] == "a drill"
    alarms.minute(1)
    assert alarms.state() == "OK"


def test_the_same_state_set_again_invokes_nothing(alarms: Alarms) -> None:
    alarms.put(InsufficientDataActions=[POLICY])
    alarms.stage.call(
        "SetAlarmState", AlarmName="a", StateValue="INSUFFICIENT_DATA", StateReason="still"
    )
    assert alarms.shown()["StateReason"] == "still"
    assert alarms.history("StateUpdate") == []


def test_alarms_of_other_regions_are_others(alarms: Alarms) -> None:
    alarms.put(EvaluationPeriods=1)
    alarms.minute(11)
    elsewhere = alarms.stage.call("DescribeAlarms", region="eu-west-1")
    assert elsewhere["MetricAlarms"] == []
    history = alarms.stage.call("DescribeAlarmHistory", region="eu-west-1")
    assert history["AlarmHistoryItems"] == []


class TestAfterARestart:
    """A plane that was down goes on where it was."""

    def restart(
        self, alarms: Alarms, make_alarms: AlarmsFactory, clock: SimulatedClock, seconds: float
    ) -> Alarms:
        alarms.stage.cloudwatch.stop()
        clock.advance(seconds)
        return make_alarms()

    def test_alarms_states_and_history_stand(
        self, alarms: Alarms, make_alarms: AlarmsFactory, clock: SimulatedClock
    ) -> None:
        alarms.put()
        for value in (11, 12, 13):
            alarms.minute(value)
        before, history = alarms.shown(), alarms.history()
        after = self.restart(alarms, make_alarms, clock, 0)
        assert after.shown() == before
        assert after.history() == history
        assert after.reading() == AlarmReading(AlarmState.ALARM, None, 10.0)

    @pytest.mark.parametrize("missing", ["missing", "breaching", "notBreaching", "ignore"])
    @pytest.mark.parametrize("minutes", [1, 7, 240, 3000])
    def test_the_time_when_the_plane_was_down_is_no_missing_data(
        self,
        alarms: Alarms,
        make_alarms: AlarmsFactory,
        clock: SimulatedClock,
        minutes: int,
        missing: str,
    ) -> None:
        alarms.put("low", TreatMissingData=missing)
        alarms.put("high", TreatMissingData=missing, Threshold=0.5)
        for _ in range(5):
            alarms.minute(1)
        after = self.restart(alarms, make_alarms, clock, 60.0 * minutes)
        for _ in range(4):
            after.minute(1)
            assert (after.state("low"), after.state("high")) == ("OK", "ALARM")
        assert after.pass_time(0) == 0

    def test_data_that_stops_after_the_start_is_missing_soon(
        self, alarms: Alarms, make_alarms: AlarmsFactory, clock: SimulatedClock
    ) -> None:
        alarms.put()
        for _ in range(5):
            alarms.minute(1)
        after = self.restart(alarms, make_alarms, clock, 6000)
        for _ in range(5):  # the first of them began while the plane was down
            after.minute(None)
            assert after.state() == "OK"
        after.minute(None)
        assert after.state() == "INSUFFICIENT_DATA"

    def test_an_action_that_was_not_invoked_is_invoked(
        self, alarms: Alarms, make_alarms: AlarmsFactory, clock: SimulatedClock
    ) -> None:
        alarms.put(EvaluationPeriods=1, AlarmActions=[POLICY])
        alarms.stage.cloudwatch._runner.stop()
        alarms.minute(11)
        assert alarms.history("Action") == []
        alarms.stage.cloudwatch.stop()
        after = make_alarms(with_actor=False)
        (item,) = after.actions(1)
        assert json.loads(item["HistoryData"])["stateUpdateTimestamp"] == round(
            clock.policy() * 1000
        )
