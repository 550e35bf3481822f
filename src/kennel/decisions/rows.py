"""The record's table, and how it stays small.

A row is a holder, an action, an outcome, the kind of reason, a resource and the facts of the call.
There are bounds.
Beyond `_FACTS_LIMIT` rows for one resource, the rows become one, with the facts that all share.
Beyond `_RESOURCES_LIMIT` rows for one action, those in the folder of the newest resource become one
with a pattern. Beyond `_ROWS_LIMIT` rows in all, those that were used longest ago go.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from kennel.decisions.entry import Outcome, Reason, RecordedDecision
from kennel.decisions.folding import patterns_of
from kennel.policy import Decision, Principal
from kennel.store import Migration

__all__ = [
    "MIGRATIONS",
    "Batch",
    "Pending",
    "PendingKey",
    "Query",
    "last_uses",
    "read_rows",
    "write_rows",
]

_FACTS_LIMIT = 100
_RESOURCES_LIMIT = 1_000
_ROWS_LIMIT = 100_000
_FORGOTTEN_AT_ONCE = 1_000

MIGRATIONS = (
    Migration(
        "decisions",
        1,
        """
        CREATE TABLE decisions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            holder TEXT NOT NULL,
            action TEXT NOT NULL,
            outcome TEXT NOT NULL,
            resource TEXT NOT NULL,
            facts TEXT NOT NULL,
            account TEXT NOT NULL,
            principal TEXT NOT NULL,
            reason TEXT NOT NULL,
            count INTEGER NOT NULL,
            first REAL NOT NULL,
            last REAL NOT NULL,
            folded INTEGER NOT NULL
        );
        CREATE UNIQUE INDEX decisions_key
            ON decisions (holder, action, outcome, resource, facts);
        CREATE INDEX decisions_last ON decisions (last);
        """,
    ),
    Migration(
        "decisions",
        2,
        # Calls that were denied for different reasons were one row, with the latest's.
        """
        ALTER TABLE decisions ADD COLUMN why TEXT NOT NULL DEFAULT '';
        UPDATE decisions SET why = CASE WHEN json_extract(reason, '$.explicit') THEN '!' ELSE '' END
            || coalesce(json_extract(reason, '$.by'), '');
        DROP INDEX decisions_key;
        CREATE UNIQUE INDEX decisions_key
            ON decisions (holder, action, outcome, why, resource, facts);
        """,
    ),
)

Facts = tuple[tuple[str, tuple[str, ...]], ...]
PendingKey = tuple[str, str, Outcome, str, str, Facts]
"""Holder, action, outcome, why (`Reason.kind_of`), resource, facts."""
_Whose = tuple[str, str, str, str]

# They differ from call to call and say nothing of what a policy needs.
_PASSING_FACTS = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthage",
        "aws:referer",
        "aws:tokenissuetime",
        "aws:useragent",
        "s3:signatureage",
    }
)


@dataclass(slots=True)
class Pending:
    """What is to be added to a row."""

    principal: Principal
    account: str
    decision: Decision
    count: int
    first: float
    last: float


Batch = Sequence[tuple[PendingKey, Pending]]


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows: those after an id, of a holder, of these outcomes (none: all), and used between
    two moments of wall time, as far as first and last use tell."""

    after: int = 0
    limit: int = 1_000
    holder: str = ""
    outcomes: tuple[Outcome, ...] = ()
    since: float = 0.0
    until: float = float("inf")


@dataclass(frozen=True, slots=True)
class _Sum:
    """A row's values that grow."""

    account: str
    principal: str
    reason: str
    count: int
    first: float
    last: float


def write_rows(connection: sqlite3.Connection, batch: Batch, reasons: Sequence[Reason]) -> None:
    """Adds the batch; belongs in a write."""
    added = 0
    for (key, pending), reason in zip(batch, reasons, strict=True):
        added += _add(connection, key, _sum(pending, reason))
    if added:
        _forget(connection)


def read_rows(connection: sqlite3.Connection, query: Query) -> list[RecordedDecision]:
    """Rows by id."""
    where = ["id > ?", "last >= ?", "first <= ?"]
    values: list[object] = [query.after, query.since, query.until]
    if query.holder:
        where.append("holder = ?")
        values.append(query.holder)
    if query.outcomes:
        where.append(f"outcome IN ({', '.join('?' * len(query.outcomes))})")
        values += [str(outcome) for outcome in query.outcomes]
    rows = connection.execute(
        "SELECT id, holder, action, outcome, resource, facts, account, principal, reason, count, "
        f"first, last, folded FROM decisions WHERE {' AND '.join(where)} ORDER BY id LIMIT ?",
        (*values, query.limit),
    )
    return [
        RecordedDecision(
            id=row[0],
            holder=row[1],
            action=row[2],
            outcome=Outcome(row[3]),
            resource=row[4],
            facts=dict(_facts_of(row[5])),
            resource_account=row[6],
            principal=msgspec.json.decode(row[7], type=Principal),
            reason=msgspec.json.decode(row[8], type=Reason),
            count=row[9],
            first=row[10],
            last=row[11],
            folded=bool(row[12]),
        )
        for row in rows
    ]


def last_uses(connection: sqlite3.Connection, holder: str, since: float) -> dict[str, float]:
    """By action, when the holder last asked for it, whatever the answer was."""
    rows = connection.execute(
        "SELECT action, MAX(last) FROM decisions WHERE holder = ? AND last >= ? GROUP BY action",
        (holder, since),
    )
    return dict(rows.fetchall())


def _sum(pending: Pending, reason: Reason) -> _Sum:
    return _Sum(
        pending.account,
        msgspec.json.encode(pending.principal).decode(),
        msgspec.json.encode(reason).decode(),
        pending.count,
        pending.first,
        pending.last,
    )


def _add(connection: sqlite3.Connection, key: PendingKey, made: _Sum) -> int:
    """Adds to the row of that key, to the folded one that covers it, or makes one. Returns the
    number of new rows."""
    *subject, resource, facts = key
    facts = tuple(fact for fact in facts if fact[0] not in _PASSING_FACTS)
    holder, action, outcome, why = map(str, subject)
    row = connection.execute(
        "SELECT id FROM decisions WHERE holder = ? AND action = ? AND outcome = ? "
        "AND why = ? AND resource = ? AND facts = ?",
        (holder, action, outcome, why, resource, _text(facts)),
    ).fetchone()
    if row is not None:
        _grow(connection, row[0], made)
        return 0
    whose = (holder, action, outcome, why)
    patterns = (resource, *patterns_of(resource))
    covering = connection.execute(
        "SELECT id, facts FROM decisions WHERE holder = ? AND action = ? AND outcome = ? "
        f"AND why = ? AND resource IN ({', '.join('?' * len(patterns))}) AND folded = 1 LIMIT 1",
        (*whose, *patterns),
    ).fetchone()
    if covering is not None:
        _grow(connection, covering[0], made)
        _narrow(connection, covering[0], _shared([_facts_of(covering[1]), facts]))
        return 0
    # The widest pattern is recorded as such where too much was told at once.
    is_widest = resource.endswith(":*")
    _insert(connection, whose, resource, facts, made, folded=is_widest)
    if is_widest or _count(connection, (*whose, resource)) > _FACTS_LIMIT:
        _fold(connection, whose, resource, resource)
    elif _count(connection, whose) > _RESOURCES_LIMIT:
        _fold_resources(connection, whose, resource)
    return 1


def _grow(connection: sqlite3.Connection, row: int, made: _Sum) -> None:
    connection.execute(
        "UPDATE decisions SET account = ?, principal = ?, reason = ?, count = count + ?, "
        "first = min(first, ?), last = max(last, ?) WHERE id = ?",
        (made.account, made.principal, made.reason, made.count, made.first, made.last, row),
    )


def _narrow(connection: sqlite3.Connection, row: int, facts: Facts) -> None:
    connection.execute("UPDATE decisions SET facts = ? WHERE id = ?", (_text(facts), row))


def _insert(
    connection: sqlite3.Connection,
    whose: _Whose,
    resource: str,
    facts: Facts,
    made: _Sum,
    *,
    folded: bool,
) -> None:
    connection.execute(
        "INSERT INTO decisions (holder, action, outcome, why, resource, facts, account, "
        f"principal, reason, count, first, last, folded) VALUES ({', '.join('?' * 13)})",
        (
            *whose,
            resource,
            _text(facts),
            made.account,
            made.principal,
            made.reason,
            made.count,
            made.first,
            made.last,
            folded,
        ),
    )


def _count(connection: sqlite3.Connection, key: tuple[str, ...]) -> int:
    columns = ("holder", "action", "outcome", "why", "resource")[: len(key)]
    where = " AND ".join(f"{column} = ?" for column in columns)
    (found,) = connection.execute(f"SELECT count(*) FROM decisions WHERE {where}", key).fetchone()
    return int(found)


def _fold_resources(connection: sqlite3.Connection, whose: _Whose, resource: str) -> None:
    """Folds the narrowest pattern of the resource that stands for at least ten rows, else the
    widest."""
    patterns = patterns_of(resource)
    for pattern in patterns:
        if pattern == patterns[-1] or _covered(connection, whose, pattern) >= 10:
            _fold(connection, whose, pattern, pattern)
            return


def _covered(connection: sqlite3.Connection, whose: _Whose, pattern: str) -> int:
    (found,) = connection.execute(
        f"SELECT count(*) {_COVERED}", (*whose, *_span(pattern))
    ).fetchone()
    return int(found)


_COVERED = (
    "FROM decisions WHERE holder = ? AND action = ? AND outcome = ? "
    "AND why = ? AND resource >= ? AND resource < ?"
)


def _span(pattern: str) -> tuple[str, str]:
    """Where the resources of a pattern begin and end in the index; of one resource, itself."""
    prefix = pattern.removesuffix("*")
    if prefix == pattern:
        return pattern, pattern + "\0"
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _fold(connection: sqlite3.Connection, whose: _Whose, covered: str, name: str) -> None:
    """Makes one row, with the resource `name`, of those whose resource `covered` fits."""
    span = (*whose, *_span(covered))
    rows = connection.execute(
        f"SELECT facts, account, principal, reason, count, first, last {_COVERED} ORDER BY last",
        span,
    ).fetchall()
    connection.execute(f"DELETE {_COVERED}", span)
    latest = rows[-1]
    made = _Sum(
        latest[1],
        latest[2],
        latest[3],
        sum(row[4] for row in rows),
        min(row[5] for row in rows),
        latest[6],
    )
    facts = _shared([_facts_of(row[0]) for row in rows])
    _insert(connection, whose, name, facts, made, folded=True)


def _forget(connection: sqlite3.Connection) -> None:
    (rows,) = connection.execute("SELECT count(*) FROM decisions").fetchone()
    if rows > _ROWS_LIMIT:
        connection.execute(
            "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions ORDER BY last LIMIT ?)",
            (rows - _ROWS_LIMIT + _FORGOTTEN_AT_ONCE,),
        )


def _shared(facts: Sequence[Facts]) -> Facts:
    """The facts that are the same in all."""
    same = set(facts[0]).intersection(*facts[1:])
    return tuple(sorted(same))


def _text(facts: Facts) -> str:
    return msgspec.json.encode(facts).decode()


def _facts_of(text: str) -> Facts:
    return msgspec.json.decode(text, type=Facts)
