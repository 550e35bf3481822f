"""A change of an alarm's state, with all that goes with it."""

from __future__ import annotations

import msgspec

from kennel.scaling import AlarmState
from kennel.services.cloudwatch.alarms import history
from kennel.services.cloudwatch.alarms.action_arn import ActionKind, kind_of
from kennel.services.cloudwatch.alarms.book import Change
from kennel.services.cloudwatch.alarms.errand import Errand
from kennel.services.cloudwatch.alarms.lambda_event import lambda_event
from kennel.services.cloudwatch.alarms.record import Alarm

__all__ = ["repeats", "transition"]


def transition(
    before: Alarm,
    state: AlarmState,
    reason: str,
    reason_data: str | None,
    now: float,
    value: float | None,
) -> Change:
    """The alarm gets a state at the policy time `now`, because of these. `value` is its newest
    evaluated datapoint. Only another state than before has history and actions."""
    changes = {"state": state, "reason": reason, "reason_data": reason_data, "updated": now}
    if state is before.state:
        return Change(before, msgspec.structs.replace(before, **changes))
    after = msgspec.structs.replace(before, **changes, transitioned=now)
    return Change(
        before,
        after,
        [history.state_updated(before, after)],
        [
            Errand(
                region=after.region,
                name=after.name,
                action=action,
                state=state,
                changed=now,
                value=value,
                threshold=after.configuration.threshold,
                message=_message(before, after, action),
            )
            for action in after.configuration.actions(state)
        ],
    )


def repeats(alarm: Alarm, value: float | None) -> list[Errand]:
    """The actions that are invoked again while the alarm's state lasts: scaling policies."""
    return [
        Errand(
            region=alarm.region,
            name=alarm.name,
            action=action,
            state=alarm.state,
            changed=alarm.transitioned,
            value=value,
            threshold=alarm.configuration.threshold,
            is_repeat=True,
        )
        for action in alarm.configuration.actions(alarm.state)
        if kind_of(action) is ActionKind.SCALING_POLICY
    ]


def _message(before: Alarm, after: Alarm, action: str) -> str:
    return lambda_event(before, after) if kind_of(action) is ActionKind.FUNCTION else ""
