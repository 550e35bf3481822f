"""Why an alarm has its state: StateReason, a sentence, and StateReasonData, JSON.

The sentences are those that CloudWatch was observed to write; no page lists them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from kennel.scaling import AlarmRule, AlarmState, Comparison, MissingData
from kennel.services.cloudwatch.alarms.instants import iso, short
from kennel.services.cloudwatch.alarms.record import Configuration

__all__ = ["Datapoint", "evaluated", "state_reason", "state_reason_data"]

MOST_NAMED = 4
"""More datapoints than this are not all named in a sentence but the newest 5; observed."""

_NAMED_OF_MANY = 5
_RECENT = "The most recent datapoints which crossed the threshold:"
_LONGEST_DATA = 4000  # StateReasonData's own limit

_WORDS = {
    Comparison.ABOVE: "greater than",
    Comparison.AT_LEAST: "greater than or equal to",
    Comparison.BELOW: "less than",
    Comparison.AT_MOST: "less than or equal to",
}
_FILLING = {MissingData.BREACHING: "Breaching", MissingData.NOT_BREACHING: "NonBreaching"}


@dataclass(frozen=True, slots=True)
class Datapoint:
    """What a period has: the time when it begins, its value (None: missing), and of how many
    samples (None where that has no meaning, as with a math expression)."""

    time: int
    value: float | None
    samples: float | None = None


def evaluated(rule: AlarmRule, points: Sequence[Datapoint]) -> list[Datapoint]:
    """The datapoints that decide, oldest first: the newest that have a value, and as many of the
    newest missing ones as it takes to fill up to `rule.periods`."""
    considered = points[-rule.evaluation_range :]
    real = [point for point in considered if point.value is not None][-rule.periods :]
    lacking = rule.periods - len(real)
    missing = [point for point in considered if point.value is None]
    filler = missing[-lacking:] if lacking else []
    return sorted([*real, *filler], key=lambda point: point.time)


def state_reason(rule: AlarmRule, points: Sequence[Datapoint], state: AlarmState) -> str:
    """The sentence for a state that follows from these datapoints, oldest first."""
    if state is AlarmState.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_count(rule.periods)} {_were(rule.periods)} unknown."
    chosen = evaluated(rule, points)
    real = [point for point in chosen if point.value is not None]
    lacking = rule.periods - len(real)
    filled = _FILLING.get(rule.missing) if lacking else None
    is_alarm = state is AlarmState.ALARM
    telling = [point for point in reversed(real) if _breaches(rule, point) is is_alarm]
    words = f"{'' if is_alarm else 'not '}{_WORDS[rule.comparison]} the threshold "
    words += f"({_number(rule.threshold)})"
    if filled is not None:
        ending = f"and {_count(lacking, 'missing ')} {_were(lacking)} treated as [{filled}]."
        if telling:
            count = len(telling)
            if count > MOST_NAMED:
                beginning = f"Threshold Crossed: {_count(count)} were {words} {ending}"
                return f"{beginning} {_RECENT} {_list(telling[:_NAMED_OF_MANY])}."
            named = f"{_count(count)} {_list(telling)} {_were(count)}"
            return f"Threshold Crossed: {named} {words} {ending}"
        received = f"{_count(len(real))} {_were(len(real))}" if real else "no datapoints were"
        periods = f"{rule.periods} period{'' if rule.periods == 1 else 's'}"
        return f"Threshold Crossed: {received} received for {periods} {ending}"
    least = rule.datapoints if is_alarm else rule.periods - rule.datapoints + 1
    change = "OK -> ALARM" if is_alarm else "ALARM -> OK"
    beginning = f"Threshold Crossed: {len(telling)} out of the last {rule.periods} datapoints"
    ending = f"(minimum {_count(least)} for {change} transition)."
    if len(telling) <= MOST_NAMED:
        return f"{beginning} {_list(telling)} {_were(len(telling))} {words} {ending}"
    return f"{beginning} were {words}. {_RECENT} {_list(telling[:_NAMED_OF_MANY])} {ending}"


def state_reason_data(
    configuration: Configuration, points: Sequence[Datapoint], now: float, most: int = _LONGEST_DATA
) -> str:
    """The JSON for a state that was found at the policy time `now`. The oldest datapoints are left
    out where there is no room for all."""
    rule = configuration.rule
    chosen = evaluated(rule, points)
    real = [point for point in chosen if point.value is not None]
    data: dict[str, Any] = {"version": "1.0", "queryDate": iso(now)}
    if real:
        data["startDate"] = iso(real[0].time)
    if configuration.unit is not None:
        data["unit"] = configuration.unit
    statistic = configuration.statistic or configuration.extended_statistic
    if statistic is not None:
        data["statistic"] = statistic
    data["period"] = rule.period
    while True:
        data["recentDatapoints"] = [point.value for point in real]
        data["threshold"] = rule.threshold
        data["evaluatedDatapoints"] = [_shown(point) for point in reversed(chosen)]
        text = msgspec.json.encode(data).decode()
        if len(text) <= most or not chosen:
            return text
        chosen = chosen[max(1, len(chosen) // 8) :]
        real = [point for point in chosen if point.value is not None]


def _shown(point: Datapoint) -> dict[str, Any]:
    shown: dict[str, Any] = {"timestamp": iso(point.time)}
    if point.value is not None:
        if point.samples is not None:
            shown["sampleCount"] = point.samples
        shown["value"] = point.value
    return shown


def _breaches(rule: AlarmRule, point: Datapoint) -> bool:
    assert point.value is not None
    return rule.breaches(point.value)


def _list(points: Sequence[Datapoint]) -> str:
    named = ", ".join(f"{_number(point.value)} ({short(point.time)})" for point in points)
    return f"[{named}]"


def _count(number: int, kind: str = "") -> str:
    return f"{number} {kind}datapoint{'' if number == 1 else 's'}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _number(value: float | None) -> str:
    """As Java writes a double: 12.0, and 1.2E7 from ten million on and below a thousandth."""
    assert value is not None
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e7:
        return repr(float(value))
    digits, _, exponent = f"{Decimal(repr(float(value))).normalize():E}".partition("E")
    return f"{digits}{'' if '.' in digits else '.0'}E{int(exponent)}"
