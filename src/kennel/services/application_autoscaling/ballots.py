"""What a target's policies ask for, by their alarms as they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kennel.scaling import AlarmState, Vote
from kennel.scaling.step_scaling import vote as step_vote
from kennel.scaling.target_tracking import TrackingReading
from kennel.scaling.target_tracking import vote as tracking_vote
from kennel.services.alarm_actions import AlarmReadings
from kennel.services.application_autoscaling.policy_request import stepping, tracking
from kennel.services.application_autoscaling.records import Policy, PolicyType
from kennel.services.application_autoscaling.scalable import Scalable
from kennel.services.context import Context

__all__ = ["Ballot", "alarms_of", "ballots"]


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote and the alarm behind it."""

    vote: Vote
    alarm: str


def ballots(
    ctx: Context,
    alarms: AlarmReadings,
    policies: Iterable[Policy],
    scalable: Scalable,
    capacity: int,
    now: float,
) -> list[Ballot]:
    """One of each tracking policy, and one of each raised alarm of a step policy."""
    found: list[Ballot] = []
    for policy in policies:
        if policy.kind is PolicyType.TRACKING:
            found.append(_tracking(alarms, policy, scalable, capacity, now))
        else:
            found += _stepping(ctx, alarms, policy, scalable, capacity, now)
    return found


def alarms_of(ctx: Context, policy: Policy) -> list[str]:
    """The names of the alarms that invoke a policy. Users make those of step policies."""
    if policy.kind is PolicyType.TRACKING:
        return policy.alarms
    names: list[str] = []
    place: dict[str, Any] = {}
    while True:
        reply = ctx.call("cloudwatch", "DescribeAlarms", ActionPrefix=policy.arn, **place)
        names += [
            alarm["AlarmName"]
            for alarm in reply["MetricAlarms"]
            if policy.arn in alarm.get("AlarmActions", ())
        ]
        if "NextToken" not in reply:
            return names
        place = {"NextToken": reply["NextToken"]}


def _tracking(
    alarms: AlarmReadings, policy: Policy, scalable: Scalable, capacity: int, now: float
) -> Ballot:
    pure = tracking(policy, scalable)
    readings = [alarms.alarm_reading(name) for name in policy.alarms]
    states = [reading.state if reading else AlarmState.INSUFFICIENT_DATA for reading in readings]
    states += [AlarmState.OK] * (2 - len(states))  # without a low alarm
    raised = [reading for reading in readings if reading and reading.state is AlarmState.ALARM]
    metric = raised[0].value if raised else None
    vote = tracking_vote(
        pure, TrackingReading(states[0], states[1], metric), capacity, policy.history, now
    )
    return Ballot(vote, policy.alarms[0 if states[0] is AlarmState.ALARM else -1])


def _stepping(
    ctx: Context,
    alarms: AlarmReadings,
    policy: Policy,
    scalable: Scalable,
    capacity: int,
    now: float,
) -> Iterator[Ballot]:
    pure = stepping(policy, scalable)
    for name in alarms_of(ctx, policy):
        reading = alarms.alarm_reading(name)
        if reading is None or reading.state is not AlarmState.ALARM or reading.value is None:
            continue
        distance = reading.value - reading.threshold
        yield Ballot(step_vote(pure, distance, capacity, policy.history, now), name)
