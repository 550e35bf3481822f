"""A page of the record of decisions, from the query of its URL."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from kennel.decisions import DecisionRecord, Outcome, Query
from kennel.errors import ValidationException

__all__ = ["decision_page"]

_MOST = 1_000
_NAMES = ("after", "limit", "outcome", "principal", "since", "until")


def decision_page(record: DecisionRecord, query: Mapping[str, str]) -> dict[str, Any]:
    """`{"decisions": [...], "next": ID or null}`, oldest first by when a line was first written.

    `principal` is a user's or a role's ARN; `outcome` one of Outcome's values, or several with
    commas; `since` and `until` are wall time in seconds since the epoch; `after` is the `next` of
    the page before; `limit` at most 1,000. Raises ValidationException.
    """
    unknown = sorted(query.keys() - set(_NAMES))
    if unknown:
        raise ValidationException(
            f"There is no parameter {unknown[0]}. There are {', '.join(_NAMES)}."
        )
    limit = _number(query, "limit", _MOST)
    if not 1 <= limit <= _MOST:
        raise ValidationException(f"limit is between 1 and {_MOST:,}.")
    found = record.read(
        Query(
            after=int(_number(query, "after", 0)),
            limit=int(limit),
            holder=query.get("principal", ""),
            outcomes=tuple(_outcome(name) for name in query.get("outcome", "").split(",") if name),
            since=_number(query, "since", 0.0),
            until=_number(query, "until", 2.0**60),
        )
    )
    return {
        "decisions": msgspec.to_builtins(found),
        "next": found[-1].id if len(found) == int(limit) else None,
    }


def _number(query: Mapping[str, str], name: str, default: float) -> float:
    text = query.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not 0 <= value <= 2.0**60:
        raise ValidationException(f"{name} is a number from 0 on, not {text!r}.")
    return value


def _outcome(name: str) -> Outcome:
    try:
        return Outcome(name)
    except ValueError:
        names = ", ".join(Outcome)
        raise ValidationException(f"{name!r} is no outcome. There are {names}.") from None
