"""Traffic from counts per interval, as CloudWatch keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from kennel.planner.errors import BadTraffic
from kennel.planner.traffic.moments import moment
from kennel.planner.traffic.profile import Piece, Profile

__all__ = ["from_counts", "read_cloudwatch"]

_MINUTE = 60.0


def from_counts(
    name: str,
    moments: Sequence[float],
    amounts: Sequence[float],
    *,
    period: float | None = None,
    is_even: bool = False,
    are_rates: bool = False,
) -> Profile:
    """Requests (or rates per second) from each moment on, in any order.

    With a period, each interval is that long and a gap between them has no requests; without, each
    lasts until the next begins, and the last as long as the one before. Raises BadTraffic.
    """
    if any(amount < 0 for amount in amounts):
        raise BadTraffic(f"{name} has a negative number of requests")
    points = sorted(zip(moments, amounts, strict=True))
    if not points or (len(points) < 2 and period is None):
        raise BadTraffic(f"{name} has fewer than two intervals")
    pieces: list[Piece] = []
    for index, (start, amount) in enumerate(points):
        until = points[index + 1][0] if index + 1 < len(points) else None
        length = period or (until - start if until is not None else pieces[-1].length)
        if length <= 0 or (until is not None and until - start < length):
            raise BadTraffic(f"{name} has two intervals that begin at the same time or overlap")
        rate = amount if are_rates else amount / length
        pieces.append(Piece(length, rate, rate))
        if until is not None and until - start > length:
            pieces.append(Piece(until - start - length, 0.0, 0.0))
    return Profile(name, tuple(pieces), is_even)


def read_cloudwatch(content: str, name: str, is_even: bool = False) -> Profile:
    """What `aws cloudwatch get-metric-data` or `get-metric-statistics` printed of an invocations
    metric (Sum, or SampleCount of any metric with a datum a request).

    The period is the smallest gap between datapoints; a missing one is no requests. Raises
    BadTraffic.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:  # not JSON, or a number of thousands of digits
        raise BadTraffic(f"{name} is no JSON: {error}") from None
    try:
        points = dict(_points(document, name)) if isinstance(document, dict) else {}
    except BadTraffic:
        raise
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadTraffic(f"{name} is not what CloudWatch answers") from None
    if not points:
        raise BadTraffic(f"{name} has no datapoints of GetMetricData or GetMetricStatistics")
    moments = sorted(points)
    gaps = [after - before for before, after in pairwise(moments)]
    period = min(gaps, default=_MINUTE)
    return from_counts(
        name, moments, [points[at] for at in moments], period=period, is_even=is_even
    )


def _points(document: Mapping[str, Any], name: str) -> Iterator[tuple[float, float]]:
    results = document.get("MetricDataResults", [])
    if len({result.get("Id") for result in results}) > 1:
        raise BadTraffic(f"{name} has several metrics; keep the one of the invocations")
    for result in results:
        if "PerInstance" in str(result.get("Label")):
            raise BadTraffic(
                f"{name} has {result['Label']}, which is a share of the requests; take Invocations"
            )
        for at, value in zip(result["Timestamps"], result["Values"], strict=True):
            yield _moment(at, name), float(value)
    for point in document.get("Datapoints", []):
        value = point.get("Sum", point.get("SampleCount"))
        if value is None:
            raise BadTraffic(f"{name} has datapoints without Sum and SampleCount; ask for Sum")
        yield _moment(point["Timestamp"], name), float(value)


def _moment(at: str | float, name: str) -> float:
    found = moment(at)
    if found is None:
        raise BadTraffic(f"{name} has {at!r} where a time belongs")
    return found
