"""What a variant publishes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.sagemaker_runtime.notes import Notes


def test_a_request_counts_as_one_over_the_instances_of_the_moment_it_came() -> None:
    notes = Notes()
    metrics = notes.metrics("e", "v")
    metrics.arrived(4)
    assert [(note.name, note.value) for note in notes.all] == [
        ("Invocations", 1.0),
        ("InvocationsPerInstance", 0.25),
    ]
    assert {note.dimensions for note in notes.all} == {
        (("EndpointName", "e"), ("VariantName", "v"))
    }
    assert {(note.namespace, note.unit) for note in notes.all} == {("AWS/SageMaker", "None")}


def test_every_minute_has_a_zero_so_that_an_idle_endpoint_has_data() -> None:
    notes = Notes()
    metrics = notes.metrics("e", "v")
    for at in range(600, 720, 10):
        metrics.beat(at, 0)
    for name in ("Invocations", "InvocationsPerInstance"):
        assert [(note.timestamp, note.value) for note in notes.of(name)] == [(600, 0), (660, 0)]


def test_concurrent_requests_are_per_instance_and_of_high_resolution() -> None:
    notes = Notes()
    metrics = notes.metrics("e", "v")
    metrics.routable(2)
    metrics.beat(1_700_000_050, 7)
    (note,) = notes.of("ConcurrentRequestsPerModel")
    assert (note.value, note.timestamp, note.resolution) == (3.5, 1_700_000_050, 1)


def test_with_no_instance_at_all_the_requests_are_those_of_one() -> None:
    notes = Notes()
    metrics = notes.metrics("e", "v")
    metrics.arrived(0)
    metrics.beat(1_700_000_050, 7)
    assert [note.value for note in notes.of("InvocationsPerInstance")] == [1.0]
    assert [note.value for note in notes.of("ConcurrentRequestsPerModel")] == [7.0]


@pytest.mark.parametrize(
    ("status", "errors"), [(200, (0, 0, 0)), (404, (1, 0, 1)), (500, (0, 1, 1))]
)
def test_each_answer_says_of_each_kind_of_error_whether_it_was_one(
    status: int, errors: tuple[int, int, int]
) -> None:
    notes = Notes()
    notes.metrics("e", "v").answered(status, 1200.0, 80.0)
    names = ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors")
    assert tuple(next(notes.of(name)).value for name in names) == errors
    assert next(notes.of("ModelLatency")).unit == "Microseconds"
    assert next(notes.of("OverheadLatency")).value == 80.0


@given(
    changes=st.lists(
        st.tuples(st.floats(0.0, 200.0), st.integers(0, 5), st.booleans()), min_size=1, max_size=20
    )
)
def test_routable_instance_seconds_add_up_to_what_was_there_and_each_minute_has_its_own(
    changes: list[tuple[float, int, bool]],
) -> None:
    notes = Notes()
    metrics = notes.metrics("e", "v")
    expected, count, began = 0.0, 0, notes.clock.policy()
    metrics.routable(0)
    for seconds, instances, is_beat in changes:
        notes.clock.advance(seconds)
        expected += count * seconds
        if is_beat:
            at = int(notes.clock.policy())
            metrics.beat(at, 0)
        metrics.routable(instances)
        count = instances
    found = list(notes.of("RoutableInstanceSeconds"))
    assert sum(note.value for note in found) == pytest.approx(expected, abs=1e-3)
    assert {note.namespace for note in found} <= {"Kennel/SageMaker"}
    by_minute: dict[float, float] = {}
    for note in found:
        assert note.timestamp is not None
        assert note.timestamp >= began
        minute = note.timestamp // 60
        by_minute[minute] = by_minute.get(minute, 0.0) + note.value
    assert all(total <= 60 * 5 + 1e-3 for total in by_minute.values())
