from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kennel.clock import SimulatedClock
from kennel.services.logs import event_operations
from kennel.services.logs.errors import InvalidParameterException, ResourceNotFoundException
from tests.services.logs.conftest import StageFactory
from tests.services.logs.stage import Stage

DAY = 86_400_000


@pytest.fixture
def now(clock: SimulatedClock) -> int:
    return int(clock.wall() * 1000)


def put(stage: Stage, events: list[tuple[int, str]], stream: str = "s") -> dict[str, Any]:
    return stage.call(
        "PutLogEvents",
        logGroupName="g",
        logStreamName=stream,
        logEvents=[{"timestamp": time, "message": message} for time, message in events],
    )


def get(stage: Stage, **parameters: Any) -> dict[str, Any]:
    return stage.call("GetLogEvents", logGroupName="g", logStreamName="s", **parameters)


def messages(page: dict[str, Any]) -> list[str]:
    return [event["message"] for event in page["events"]]


def test_events_come_back_with_their_times(stage: Stage, now: int) -> None:
    put(stage, [(now - 10, "one"), (now, "two")])
    assert get(stage)["events"] == [
        {"timestamp": now - 10, "message": "one", "ingestionTime": now},
        {"timestamp": now, "message": "two", "ingestionTime": now},
    ]


def test_events_are_in_the_order_of_their_times_then_of_arrival(stage: Stage, now: int) -> None:
    put(stage, [(now, "c"), (now, "d")])
    put(stage, [(now - 1, "a"), (now - 1, "b"), (now, "e")])
    assert messages(get(stage)) == ["a", "b", "c", "d", "e"]


def test_a_sequence_token_is_accepted_and_ignored(stage: Stage, now: int) -> None:
    for token in ("anything", put(stage, [(now, "x")])["nextSequenceToken"]):
        stage.call(
            "PutLogEvents",
            logGroupName="g",
            logStreamName="s",
            sequenceToken=token,
            logEvents=[{"timestamp": now, "message": "m"}],
        )


@pytest.mark.parametrize(
    ("count", "size", "accepted"),
    [(10_000, 1, True), (10_001, 1, False), (0, 1, False), (4, 262_118, True), (4, 262_119, False)],
)
def test_a_batch_has_ten_thousand_events_and_a_mebibyte_at_most(
    stage: Stage, now: int, count: int, size: int, accepted: bool
) -> None:
    events = [(now, "x" * size)] * count
    if accepted:
        put(stage, events)
        assert len(stage.messages("g", "s")) == count
    else:
        with pytest.raises(InvalidParameterException):
            put(stage, events)
        assert stage.messages("g", "s") == []


def test_bytes_are_counted_and_not_characters(stage: Stage, now: int) -> None:
    with pytest.raises(InvalidParameterException, match="Upload too large: 1048602 bytes"):
        put(stage, [(now, "ü" * 524_288)])


def test_events_out_of_order_are_an_error(stage: Stage, now: int) -> None:
    with pytest.raises(InvalidParameterException, match="must be in chronological order"):
        put(stage, [(now, "a"), (now - 1, "b")])


def test_a_batch_spans_24_hours_at_most(stage: Stage, now: int) -> None:
    with pytest.raises(InvalidParameterException, match="cannot span more than 24 hours"):
        put(stage, [(now - DAY - 1, "a"), (now, "b")])
    put(stage, [(now - DAY, "a"), (now, "b")])


def test_events_too_old_too_new_and_expired_are_turned_away_with_their_indices(
    stage: Stage, now: int
) -> None:
    stage.call("PutRetentionPolicy", logGroupName="g", retentionInDays=3)
    reply = put(
        stage,
        [
            (now - 15 * DAY, "too old"),
            (now - 14 * DAY - 1, "too old"),
            (now - 4 * DAY, "expired"),
            (now - 1, "fine"),
            (now + 7_200_000, "fine"),
            (now + 7_200_001, "too new"),
        ],
    )
    assert reply["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 2,
        "expiredLogEventEndIndex": 3,
        "tooNewLogEventStartIndex": 5,
    }
    assert messages(get(stage)) == ["fine", "fine"]


def test_a_batch_of_nothing_but_rejected_events_stores_nothing(stage: Stage, now: int) -> None:
    reply = put(stage, [(now - 20 * DAY, "a"), (now + DAY, "b")])
    assert reply["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 1,
        "tooNewLogEventStartIndex": 1,
    }
    assert messages(get(stage)) == []


def test_half_a_surrogate_pair_is_replaced(stage: Stage, now: int) -> None:
    put(stage, [(now, "a\ud83db")])
    assert messages(get(stage)) == ["a?b"]


def test_the_stored_bytes_of_a_group_are_counted_with_the_overhead(stage: Stage, now: int) -> None:
    put(stage, [(now, "über"), (now, "x")])
    assert stage.call("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 5 + 1 + 2 * 26


def test_put_needs_the_stream(stage: Stage, now: int) -> None:
    with pytest.raises(ResourceNotFoundException, match="log stream does not exist"):
        put(stage, [(now, "a")], stream="none")


def test_get_takes_the_start_and_leaves_out_the_end(stage: Stage, now: int) -> None:
    put(stage, [(now + n, str(n)) for n in range(5)])
    assert messages(get(stage, startTime=now + 1, endTime=now + 3)) == ["1", "2"]
    assert messages(get(stage, startTime=now + 1, endTime=now + 3, startFromHead=True)) == [
        "1",
        "2",
    ]


def test_filter_takes_the_end_too(stage: Stage, now: int) -> None:
    put(stage, [(now + n, str(n)) for n in range(5)])
    page = stage.call("FilterLogEvents", logGroupName="g", startTime=now + 1, endTime=now + 3)
    assert messages(page) == ["1", "2", "3"]


def test_without_a_token_the_latest_events_come_oldest_first(stage: Stage, now: int) -> None:
    put(stage, [(now + n, str(n)) for n in range(10)])
    assert messages(get(stage, limit=3)) == ["7", "8", "9"]
    assert messages(get(stage, limit=3, startFromHead=True)) == ["0", "1", "2"]


def test_the_end_is_where_the_same_token_comes_back(stage: Stage, now: int) -> None:
    put(stage, [(now, "a"), (now, "b")])
    page = get(stage, startFromHead=True)
    forward = page["nextForwardToken"]
    for _ in range(2):
        page = get(stage, nextToken=forward, startFromHead=True)
        assert page["events"] == []
        assert page["nextForwardToken"] == forward
    put(stage, [(now, "c")])
    page = get(stage, nextToken=forward, startFromHead=True)
    assert messages(page) == ["c"]
    assert page["nextForwardToken"] != forward


def test_the_beginning_is_where_the_same_backward_token_comes_back(stage: Stage, now: int) -> None:
    put(stage, [(now, str(n)) for n in range(5)])
    page = get(stage, limit=2)
    assert messages(page) == ["3", "4"]
    page = get(stage, limit=2, nextToken=page["nextBackwardToken"])
    assert messages(page) == ["1", "2"]
    page = get(stage, limit=2, nextToken=page["nextBackwardToken"])
    assert messages(page) == ["0"]
    backward = page["nextBackwardToken"]
    page = get(stage, limit=2, nextToken=backward)
    assert page["events"] == []
    assert page["nextBackwardToken"] == backward
    assert messages(get(stage, nextToken=page["nextForwardToken"], startFromHead=True)) == [
        "0",
        "1",
        "2",
        "3",
        "4",
    ]


@pytest.mark.parametrize("from_head", [True, False])
def test_the_tokens_of_an_empty_stream_find_what_comes_later(
    stage: Stage, now: int, from_head: bool
) -> None:
    page = get(stage, startFromHead=from_head)
    assert page["events"] == []
    put(stage, [(now, "late")])
    later = get(stage, startFromHead=True, nextToken=page["nextForwardToken"])
    assert messages(later) == ["late"]


def test_a_page_has_a_mebibyte_at_most(stage: Stage, now: int) -> None:
    for _ in range(3):
        put(stage, [(now, "x" * 262_118)] * 4)
    page = get(stage, startFromHead=True)
    assert len(page["events"]) == 4
    assert len(stage.messages("g", "s")) == 12
    assert len(stage.call("FilterLogEvents", logGroupName="g")["events"]) == 4


@pytest.mark.parametrize("token", ["f/1/s", "x", "f/" + "9" * 56 + "/s", "b/" + "x" * 56 + "/s"])
def test_a_forged_token_is_an_error(stage: Stage, token: str) -> None:
    with pytest.raises(InvalidParameterException, match="nextToken"):
        get(stage, nextToken=token)


def test_expired_events_are_not_read_even_before_they_are_removed(
    stage: Stage, clock: SimulatedClock, now: int
) -> None:
    put(stage, [(now, "old")])
    stage.call("PutRetentionPolicy", logGroupName="g", retentionInDays=1)
    clock.advance(86_401)
    put(stage, [(int(clock.wall() * 1000), "new")])
    assert messages(get(stage)) == ["new"]
    assert messages(stage.call("FilterLogEvents", logGroupName="g")) == ["new"]


def test_filter_interleaves_streams_and_names_them(stage: Stage, now: int) -> None:
    for name in ("t", "u"):
        stage.call("CreateLogStream", logGroupName="g", logStreamName=name)
    put(stage, [(now, "0"), (now + 3, "3")])
    put(stage, [(now + 1, "1"), (now + 4, "4")], stream="t")
    put(stage, [(now + 2, "2")], stream="u")
    page = stage.call("FilterLogEvents", logGroupName="g")
    assert [(e["message"], e["logStreamName"]) for e in page["events"]] == [
        ("0", "s"),
        ("1", "t"),
        ("2", "u"),
        ("3", "s"),
        ("4", "t"),
    ]
    assert len({event["eventId"] for event in page["events"]}) == 5
    assert "nextToken" not in page
    chosen = stage.call("FilterLogEvents", logGroupName="g", logStreamNames=["s", "u"])
    assert messages(chosen) == ["0", "2", "3"]
    assert messages(stage.call("FilterLogEvents", logGroupName="g", logStreamNamePrefix="t")) == [
        "1",
        "4",
    ]


def test_filter_reads_newest_first_when_asked(make_stage: StageFactory) -> None:
    clock = SimulatedClock(1_800_000_000.0)
    stage = make_stage(clock=clock)
    stage.call("CreateLogGroup", logGroupName="g")
    stage.call("CreateLogStream", logGroupName="g", logStreamName="s")
    now = int(clock.wall() * 1000)
    put(stage, [(now + n, str(n)) for n in range(5)])
    page = stage.call(
        "FilterLogEvents", logGroupName="g", startTime=now, startFromHead=False, limit=3
    )
    assert messages(page) == ["4", "3", "2"]
    page = stage.call("FilterLogEvents", logGroupName="g", nextToken=page["nextToken"])
    assert messages(page) == ["1", "0"]
    with pytest.raises(InvalidParameterException, match="2024"):
        stage.call("FilterLogEvents", logGroupName="g", startFromHead=False)


def test_filter_goes_on_with_a_token_where_it_looked_at_enough(stage: Stage, now: int) -> None:
    put(stage, [(now, f"line {n}") for n in range(25)])
    with patch.object(event_operations, "SCAN_EVENTS", 10):
        page = stage.call("FilterLogEvents", logGroupName="g", filterPattern='"line 24"')
        assert page["events"] == []
        pages = [page]
        while "nextToken" in pages[-1]:
            pages.append(
                stage.call(
                    "FilterLogEvents",
                    logGroupName="g",
                    filterPattern='"line 24"',
                    nextToken=pages[-1]["nextToken"],
                )
            )
    assert [messages(page) for page in pages] == [[], [], ["line 24"]]


def test_stream_names_and_a_prefix_exclude_each_other(stage: Stage) -> None:
    with pytest.raises(InvalidParameterException):
        stage.call(
            "FilterLogEvents", logGroupName="g", logStreamNames=["s"], logStreamNamePrefix="s"
        )


def test_filter_names_a_stream_that_does_not_exist(stage: Stage) -> None:
    with pytest.raises(ResourceNotFoundException):
        stage.call("FilterLogEvents", logGroupName="g", logStreamNames=["none"])


@contextmanager
def filled(batches: list[tuple[int, list[int]]]) -> Iterator[tuple[Stage, list[tuple[int, str]]]]:
    """A stage with those batches of (stream, times), and its events in the order of reading."""
    clock = SimulatedClock(1_800_000_000.0)
    now = int(clock.wall() * 1000)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), clock=clock)
        stage.logs.start()
        try:
            stage.call("CreateLogGroup", logGroupName="g")
            for name in ("0", "1", "2"):
                stage.call("CreateLogStream", logGroupName="g", logStreamName=name)
            events: list[tuple[int, str]] = []
            for stream, times in batches:
                batch = [
                    (now + time, f"{stream}:{len(events) + place}")
                    for place, time in enumerate(sorted(times))
                ]
                events += batch
                put(stage, batch, stream=str(stream))
            yield stage, sorted(events, key=lambda event: event[0])
        finally:
            stage.logs.stop()


_BATCHES = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.integers(0, 5), min_size=1, max_size=8)), max_size=6
)


@settings(max_examples=30, deadline=None)
@given(_BATCHES, st.integers(1, 5), st.booleans())
def test_tokens_walk_every_event_of_a_stream_exactly_once(
    batches: list[tuple[int, list[int]]], limit: int, forward: bool
) -> None:
    with filled(batches) as (stage, events):
        expected = [message for _, message in events if message.startswith("0:")]
        found: list[str] = []
        token: dict[str, str] = {}
        following = "nextForwardToken" if forward else "nextBackwardToken"
        while True:
            page = stage.call(
                "GetLogEvents",
                logGroupName="g",
                logStreamName="0",
                startFromHead=forward,
                limit=limit,
                **token,
            )
            found = found + messages(page) if forward else messages(page) + found
            if token.get("nextToken") == page[following]:
                break
            assert messages(page) or not token or page[following] == token["nextToken"]
            token = {"nextToken": page[following]}
        assert found == expected


@settings(max_examples=30, deadline=None)
@given(_BATCHES, st.integers(1, 5), st.booleans(), st.integers(0, 6), st.integers(0, 6))
def test_tokens_walk_every_filtered_event_exactly_once(
    batches: list[tuple[int, list[int]]], limit: int, newest_first: bool, first: int, last: int
) -> None:
    start = 1_800_000_000_000 + first
    end = 1_800_000_000_000 + last
    with filled(batches) as (stage, events), patch.object(event_operations, "SCAN_EVENTS", 7):
        left_out = (":3", ":13", ":23", ":33", ":43")  # and ":30", which has the first in it
        expected = [
            message
            for time, message in events
            if start <= time <= end and not any(term in message for term in left_out)
        ]
        if newest_first:
            expected.reverse()
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = stage.call(
                "FilterLogEvents",
                logGroupName="g",
                filterPattern='-":3"  -":13" -":23" -":33" -":43"',
                startTime=start,
                endTime=end,
                startFromHead=not newest_first,
                limit=limit,
                **token,
            )
            found += messages(page)
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        assert found == expected
