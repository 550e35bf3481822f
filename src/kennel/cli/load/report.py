"""What came of a load, for programs: report.json."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kennel.cli.load.histogram import Histogram
from kennel.cli.load.outcome import OK
from kennel.cli.load.record import Recorder
from kennel.cli.load.session import Session
from kennel.cli.load.target import Kind, Target

__all__ = ["PERCENTILES", "figures", "report_of"]

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)


def report_of(
    session: Session, target: Target, where: str, broken: Sequence[str]
) -> dict[str, Any]:
    """The whole report. Times in seconds, rates by the second; `broken` are the conditions of
    --fail-if that hold. Every request sent is ok, throttled or failed."""
    recorder, plan = session.recorder, session.order.plan
    counted = max(session.seconds - recorder.warm_up, 1e-9)
    return {
        "target": {
            "kind": str(target.kind),
            "name": target.name,
            "qualifier": target.qualifier or None,
            "where": where,
        },
        "load": {
            "text": plan.text,
            "began": datetime.fromtimestamp(session.began, UTC).isoformat(timespec="milliseconds"),
            "seconds": round(session.seconds, 3),
            "warm_up_seconds": recorder.warm_up,
            "ended_early": session.was_interrupted,
        },
        "requests": {
            "sent": recorder.requests,
            "ok": recorder.ok,
            "failed": recorder.failed - recorder.throttles,
            "throttled": recorder.throttles,
            "unanswered": session.unanswered,
            "in_warm_up": recorder.warm_up_requests,
            "rate": recorder.requests / counted,
            "ok_rate": recorder.ok / counted,
        },
        "latency": figures(recorder.latencies),
        "latency_from_sending": figures(recorder.services),
        "time_in_model": figures(recorder.models),
        "lateness": figures(recorder.lateness),
        "errors": {
            code: {"count": count, "first_message": recorder.messages.get(code, "")}
            for code, count in recorder.counts.most_common()
            if code != OK
        },
        "answered_by": dict(recorder.answered_by.most_common()),
        "capacity": _capacity(session, target),
        "timeline": _timeline(recorder),
        "failed_conditions": list(broken),
    }


def figures(histogram: Histogram) -> dict[str, float] | None:
    """Mean, percentiles and maximum; None if nothing was counted."""
    if not histogram.count:
        return None
    found = {"mean": histogram.total / histogram.count}
    for percent in PERCENTILES:
        found[f"p{percent:g}"] = histogram.percentile(percent) or 0.0
    found["max"] = histogram.largest
    return {name: round(value, 6) for name, value in found.items()}


def _capacity(session: Session, target: Target) -> dict[str, Any] | None:
    capacity = session.capacity
    total = capacity.seconds(session.seconds)
    if total is None:
        return None
    is_endpoint = target.kind is Kind.ENDPOINT
    return {
        "of": "instances" if is_endpoint else "provisioned concurrency",
        "changes": [{"at": round(at, 3), "number": number} for at, number in capacity.changes],
        "instance_seconds" if is_endpoint else "provisioned_concurrency_seconds": round(total, 3),
    }


def _timeline(recorder: Recorder) -> list[dict[str, Any]]:
    return [
        {
            "at": round(index * recorder.width, 3),
            "seconds": recorder.width,
            "due": slot.due,
            "answered": slot.ended,
            "throttled": slot.throttled,
            "failed": slot.failed,
            "p50": slot.latencies.percentile(50),
            "p99": slot.latencies.percentile(99),
            "max": slot.latencies.largest if slot.latencies.count else None,
        }
        for index, slot in sorted(recorder.slots.items())
    ]
