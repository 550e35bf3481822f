"""The record of decisions, read from the plane's own page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import msgspec

from kennel.cli.connection import Connection
from kennel.cli.errors import CommandError
from kennel.decisions import Outcome, RecordedDecision

__all__ = ["read_decisions"]

_PAGE = 1_000


class _Page(msgspec.Struct):
    decisions: list[RecordedDecision]
    next: int | None


def read_decisions(
    plane: Connection,
    *,
    holder: str = "",
    outcomes: Sequence[Outcome] = (),
    since: float = 0.0,
    until: float | None = None,
) -> Iterator[RecordedDecision]:
    """All lines of the record, page by page. `holder` is a user's or a role's ARN; no outcomes are
    all; `since` and `until` are wall time. Raises CommandError."""
    asked = {"principal": holder, "outcome": ",".join(outcomes), "since": repr(since)}
    if until is not None:
        asked["until"] = repr(until)
    after: int | None = 0
    while after is not None:
        query = {**asked, "after": str(after), "limit": str(_PAGE)}
        status, body = plane.get(f"/_kennel/decisions?{urlencode(query)}")
        if status != 200:
            raise CommandError(f"The plane does not show its decisions: {_message(body, status)}")
        page = msgspec.json.decode(body, type=_Page)
        yield from page.decisions
        after = page.next


def _message(body: bytes, status: int) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        found = {}
    return str(found.get("message") or found.get("Message") or f"it answered {status}")
