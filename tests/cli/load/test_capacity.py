from hypothesis import given
from hypothesis import strategies as st

from kennel.cli.load.capacity import Capacity


def test_instance_seconds_are_the_area_under_what_was_seen():
    capacity = Capacity()
    for at, number in [(0.4, 1), (1.0, 1), (10.0, 3), (20.0, 1)]:
        capacity.see(at, number)
    assert capacity.changes == [(0.4, 1), (10.0, 3), (20.0, 1)]
    assert capacity.seconds(30.0) == 10 + 30 + 10
    assert capacity.seconds(15.0) == 10 + 15


def test_nothing_seen_is_no_number():
    assert Capacity().seconds(10) is None


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 10)), min_size=1))
def test_the_area_lies_between_the_smallest_and_the_largest_number(seen):
    capacity = Capacity()
    for at, number in sorted(seen):
        capacity.see(at, number)
    numbers = [number for _, number in seen]
    found = capacity.seconds(100.0)
    assert found is not None
    assert min(numbers) * 100 - 1e-6 <= found <= max(numbers) * 100 + 1e-6
