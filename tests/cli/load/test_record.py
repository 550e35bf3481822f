import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from kennel.cli.load.outcome import Outcome
from kennel.cli.load.record import COLUMNS, Recorder, Sample

OK = Outcome("ok", who="AllTraffic", model=0.5)
THROTTLED = Outcome("TooManyRequestsException", "Rate Exceeded.")
BROKEN = Outcome("ModelError", "no such dog")


def test_latency_counts_from_when_a_request_was_due():
    recorder = Recorder(60)
    # A server that stands still for ten seconds, under one request a second from a client that
    # can send one at a time only. Timed from sending, one request in eleven would look slow.
    for due in range(11):
        sent = max(due, 10) if due else 0
        recorder.add(Sample(due, sent, 10 + due / 1000, OK))
    assert round(recorder.latencies.percentile(50) or 0) == 5
    assert (recorder.services.percentile(50) or 0) < 0.1


def test_the_warm_up_is_drawn_and_not_counted():
    recorder = Recorder(60, warm_up=10)
    recorder.add(Sample(9.9, 9.9, 11, BROKEN))
    recorder.add(Sample(10, 10, 11, OK))
    assert (recorder.requests, recorder.failed, recorder.warm_up_requests) == (1, 0, 1)
    assert sum(slot.due for slot in recorder.slots.values()) == 2


def test_throttles_are_failures_of_a_kind_of_their_own():
    recorder = Recorder(60)
    for outcome in (OK, THROTTLED, THROTTLED, BROKEN):
        recorder.add(Sample(1, 1, 2, outcome))
    assert (recorder.ok, recorder.failed, recorder.throttles) == (1, 3, 2)
    assert recorder.others == {"ModelError"}
    assert recorder.messages["ModelError"] == "no such dog"


def test_every_sample_is_a_line_of_the_file():
    file = io.StringIO()
    recorder = Recorder(60, file=file)
    recorder.add(Sample(1, 1.25, 2, OK))
    recorder.add(Sample(2, 2, 2.5, THROTTLED))
    header, *rows = csv.reader(io.StringIO(file.getvalue()))
    assert tuple(header) == COLUMNS
    assert rows == [
        ["1.000000", "1.000000", "ok", "AllTraffic", "1.250000", "0.500000"],
        ["2.000000", "0.500000", "TooManyRequestsException", "", "2.000000", ""],
    ]


def test_stretches_of_the_timeline_have_enough_requests_for_percentiles():
    assert Recorder(60, expected=60_000).width == 0.5
    assert Recorder(60, expected=1200).width == 1
    assert Recorder(60, expected=10).width == 5  # but there are at least some of them
    assert Recorder(86_400, expected=1e6).width == 600


@given(
    st.floats(min_value=0.1, max_value=1e7),
    st.none() | st.floats(min_value=1, max_value=1e9),
    st.lists(st.floats(min_value=0, max_value=1), max_size=300),
)
def test_the_timeline_is_bounded_and_loses_nothing(seconds, expected, shares):
    recorder = Recorder(seconds, expected=expected)
    for share in shares:
        at = share * seconds
        recorder.add(Sample(at, at, at, OK))
    assert len(recorder.slots) <= 151
    assert sum(slot.due for slot in recorder.slots.values()) == len(shares)
    assert sum(slot.ended for slot in recorder.slots.values()) == len(shares)
