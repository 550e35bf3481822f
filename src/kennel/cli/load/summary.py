"""What came of a load, for people: the table in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from kennel.cli.load.wording import area_of, clock, latency

__all__ = ["summary_of"]

_DIFFERS = 0.02  # of a percentile: from when on both latencies are told
_CHANGES = 12  # of the capacity, that a line has room for


def summary_of(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values for print_pairs."""
    return list(_lines(report))


def _lines(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    target, load, requests = report["target"], report["load"], report["requests"]
    name = target["name"] + (f":{target['qualifier']}" if target["qualifier"] else "")
    yield "target", f"{target['kind']} {name} at {target['where']}"
    early = ", ended early" if load["ended_early"] else ""
    yield "load", f"{load['text']}, {clock(load['seconds'])}{early}"
    yield "requests", f"{requests['sent']:,} sent, {requests['rate']:.2f}/s"
    if requests["in_warm_up"]:
        yield "", f"{requests['in_warm_up']:,} more in the warm-up of {load['warm_up_seconds']:g} s"
    if requests["unanswered"]:
        yield "", f"{requests['unanswered']:,} more were not waited for"
    yield "answered", f"{requests['ok']:,} ok, {requests['ok_rate']:.2f}/s"
    yield "throttled", f"{requests['throttled']:,}"
    yield "failed", f"{requests['failed']:,}"
    for code, error in report["errors"].items():
        yield f"  {code}", f"{error['count']:,}: {error['first_message']}"
    yield "latency", _percentiles(report["latency"])
    if _differ(report["latency"], report["latency_from_sending"]):
        yield "from sending", _percentiles(report["latency_from_sending"])
        yield "", "requests left this client late; latency counts from when each was due"
    if report["time_in_model"]:
        yield "in the model", _percentiles(report["time_in_model"])
    capacity = report["capacity"]
    if capacity:
        yield capacity["of"], _changes(capacity["changes"])
        name, total = area_of(capacity)
        yield name, f"{total:,.1f}"
    if len(report["answered_by"]) > 1:
        yield "answered by", ", ".join(f"{who} {n:,}" for who, n in report["answered_by"].items())
    for condition in report["failed_conditions"]:
        yield "fails", condition


def _percentiles(figures: Mapping[str, float] | None) -> str:
    if figures is None:
        return "-"
    shown = [f"{name} {latency(figures[name])}" for name in ("p50", "p90", "p95", "p99", "max")]
    return "  ".join(shown)


def _differ(one: Mapping[str, float] | None, other: Mapping[str, float] | None) -> bool:
    if one is None or other is None:
        return False
    pairs = [(one[name], other[name]) for name in ("p50", "p99")]
    return any(abs(a - b) > _DIFFERS * max(a, 1e-9) and abs(a - b) > 1e-3 for a, b in pairs)


def _changes(changes: list[Mapping[str, Any]]) -> str:
    """`1, 3 at 0:42, 1 at 2:10`; the middle of a long row is left out."""
    words = [str(changes[0]["number"])]
    words += [f"{now['number']} at {clock(now['at'])}" for _, now in pairwise(changes)]
    if len(words) > _CHANGES:
        half = _CHANGES // 2
        left = len(words) - 2 * half
        words = [*words[:half], f"… {left} more …", *words[-half:]]
    return ", ".join(words)
