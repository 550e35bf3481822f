"""Traffic from a CSV file: the times of requests, or how many came in each interval."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from kennel.planner.errors import BadTraffic
from kennel.planner.traffic.interface import Traffic
from kennel.planner.traffic.moments import moment
from kennel.planner.traffic.recorded import Recorded
from kennel.planner.traffic.trace import from_counts

__all__ = ["read_csv"]

_TIMES = (
    "at_s",
    "scheduled_s",
    "sent_s",
    "arrival_s",
    "arrival",
    "at",
    "time",
    "timestamp",
    "date",
)
_COUNTS = ("count", "requests", "invocations", "sum")
_RATES = {"rate": 1.0, "rate_per_s": 1.0, "rate_per_min": 60.0}


def read_csv(content: str, name: str, is_even: bool = False) -> Traffic:
    """A column of times alone is requests; a column of times with one of counts (or of rates per
    second) is intervals, each until the next row, the last as long as the one before.

    A file without a header has one column of times, or times and counts. Raises BadTraffic.
    """
    rows = [row for row in csv.reader(content.splitlines()) if any(map(str.strip, row))]
    if not rows:
        raise BadTraffic(f"{name} is empty")
    header = [cell.strip().lower() for cell in rows[0]]
    if moment(header[0]) is not None:
        header = ["time", "count"][: len(header)]
    else:
        del rows[0]
    time = _column(header, _TIMES)
    if time is None:
        raise BadTraffic(
            f"{name} has no column of times; its header has one of {', '.join(_TIMES)}"
        )
    moments = [_number(row, time, name, line) for line, row in enumerate(rows, 1)]
    amount = _column(header, (*_COUNTS, *_RATES))
    if amount is None:
        return Recorded.of(name, moments)
    amounts = [_number(row, amount, name, line) for line, row in enumerate(rows, 1)]
    divisor = _RATES.get(header[amount])
    if divisor is None:
        return from_counts(name, moments, amounts, is_even=is_even)
    rates = [one / divisor for one in amounts]
    return from_counts(name, moments, rates, is_even=is_even, are_rates=True)


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _number(row: Sequence[str], column: int, name: str, line: int) -> float:
    found = moment(row[column]) if column < len(row) else None
    if found is None:
        what = repr(row[column]) if column < len(row) else "nothing"
        raise BadTraffic(f"{name} has {what} in row {line} where a number or a date belongs")
    return found
