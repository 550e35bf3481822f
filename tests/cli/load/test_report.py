from __future__ import annotations

from typing import Any, cast

import pytest

from kennel.cli.load.capacity import Capacity
from kennel.cli.load.outcome import Outcome
from kennel.cli.load.picture import draw, title_of
from kennel.cli.load.record import Recorder, Sample
from kennel.cli.load.report import report_of
from kennel.cli.load.session import Session
from kennel.cli.load.summary import summary_of
from kennel.cli.load.target import Kind, Target


class Plan:
    text = "10/s, evenly spaced"
    seconds = 20.0

    def rate(self, at: float) -> float:
        return 10.0


class Ended:
    """A session that is over: 200 requests in 20 s, a tenth of them throttled."""

    order = type("Order", (), {"plan": Plan()})
    began = 1_700_000_000.0
    seconds = 20.0
    unanswered = 0
    was_interrupted = False

    def __init__(self, late: float = 0.0) -> None:
        self.recorder = Recorder(20.0)
        self.capacity = Capacity([(0.5, 1), (10.0, 3)])
        for number in range(200):
            due = number / 10
            code = "ok" if number % 10 else "TooManyRequestsException"
            outcome = Outcome(code, "" if code == "ok" else "Rate Exceeded.")
            self.recorder.add(Sample(due, due + late, due + late + 0.02, outcome))


def report(ended: Ended) -> dict[str, Any]:
    return report_of(cast(Session, ended), Target(Kind.ENDPOINT, "dogs"), "here", ["p99>1ms"])


def test_the_report_counts_everything_once():
    found = report(Ended())
    requests = found["requests"]
    assert [requests[word] for word in ("sent", "ok", "throttled", "failed")] == [200, 180, 20, 0]
    assert (requests["rate"], requests["ok_rate"]) == (10.0, 9.0)
    assert found["errors"] == {
        "TooManyRequestsException": {"count": 20, "first_message": "Rate Exceeded."}
    }
    assert found["capacity"]["instance_seconds"] == 40.0
    assert sum(slot["due"] for slot in found["timeline"]) == 200


def test_the_table_tells_both_latencies_only_where_they_differ():
    assert "from sending" not in dict(summary_of(report(Ended())))
    lines = dict(summary_of(report(Ended(late=0.5))))
    assert lines["latency"].startswith("p50 520 ms")
    assert lines["from sending"].startswith("p50 20 ms")
    assert lines["instances"] == "1, 3 at 0:10"
    assert lines["fails"] == "p99>1ms"


@pytest.mark.parametrize("with_capacity", [True, False])
def test_the_picture_is_drawn_with_and_without_a_capacity(tmp_path, with_capacity):
    ended = Ended()
    if not with_capacity:
        ended.capacity = Capacity()
    draw(report(ended), Plan().rate, tmp_path / "report.png")
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


def test_the_title_the_table_and_the_json_count_with_the_same_words():
    found = report(Ended())
    lines = dict(summary_of(found))
    assert (lines["throttled"], lines["failed"]) == ("20", "0")
    assert "200 requests, 180 ok, 20 throttled, 0 failed" in title_of(found)


def test_a_functions_capacity_is_not_called_instances():
    target = Target(Kind.FUNCTION, "ask", "live")
    found = report_of(cast(Session, Ended()), target, "here", [])
    assert found["capacity"]["provisioned_concurrency_seconds"] == 40.0
    assert "instance_seconds" not in found["capacity"]
    lines = dict(summary_of(found))
    assert lines["provisioned-concurrency-seconds"] == "40.0"
    assert "instance-seconds" not in lines


def test_latency_and_rate_stand_on_the_same_stretches(monkeypatch, tmp_path):
    from matplotlib.figure import Figure

    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *args, **options: drawn.append(figure))
    found = report(Ended())
    draw(found, Plan().rate, tmp_path / "report.png")
    above, below = drawn[0].axes[:2]
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in below.containers[0]]
    line: Any = above.lines[0]
    steps = list(line.get_xdata())
    assert steps[::3] == pytest.approx([begin for begin, _ in bars])
    assert steps[1::3] == pytest.approx([end for _, end in bars])


def test_a_load_without_an_answer_has_a_report_and_a_picture(tmp_path):
    ended = Ended()
    ended.recorder = Recorder(20.0)
    ended.recorder.add(Sample(0.0, 0.0, 1.0, Outcome("ConnectionError", "refused")))
    found = report(ended)
    assert found["latency"] is None
    assert dict(summary_of(found))["latency"] == "-"
    draw(found, Plan().rate, tmp_path / "report.png")
