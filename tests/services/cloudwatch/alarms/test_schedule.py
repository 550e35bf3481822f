"""When alarms are due."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kennel.clock import SimulatedClock
from kennel.services.cloudwatch.alarms.evaluator import GRACE_SECONDS
from tests.services.cloudwatch.stage import Stage

START = 1_800_000_000.0
PERIODS = st.sampled_from([10, 20, 30, 60, 120, 300])
STEPS = st.lists(st.floats(0.5, 200), min_size=1, max_size=12)


def ends(period: int, before: float, after: float) -> int:
    """How often an alarm's period has ended between two times, with the grace it is given."""
    cadence = min(period, 60)
    return int((after - GRACE_SECONDS) // cadence - (before - GRACE_SECONDS) // cadence)


@settings(max_examples=25, deadline=None)
@given(st.lists(PERIODS, min_size=1, max_size=5), STEPS)
def test_an_alarm_is_evaluated_once_whenever_its_period_has_ended(
    periods: list[int], steps: list[float]
) -> None:
    clock = SimulatedClock(START)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), clock)
        stage.cloudwatch.start()  # and not `ready`: the test says when alarms are evaluated
        try:
            for number, period in enumerate(periods):
                stage.call(
                    "PutMetricAlarm",
                    AlarmName=f"a{number}",
                    Namespace="N",
                    MetricName="m",
                    Statistic="Sum",
                    Period=period,
                    EvaluationPeriods=1,
                    Threshold=1.0,
                    ComparisonOperator="GreaterThanThreshold",
                )
            for step in steps:
                before = clock.policy()
                clock.advance(round(step, 1) + 0.05)  # never just when one is due
                after = clock.policy()
                expected = sum(ends(period, before, after) > 0 for period in periods)
                assert stage.cloudwatch.evaluator.run_due() == expected
        finally:
            stage.cloudwatch.stop()
