from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.cloudwatch.alarms.downtime import FURTHEST, Downtime
from kennel.services.cloudwatch.schema import MIGRATIONS
from kennel.store import Database

HOUR = 3600


def downtime(*gaps: tuple[float, float]) -> Downtime:
    found = Downtime(Database(Path("unused")))
    found._gaps = sorted(gaps)
    return found


def test_without_a_gap_periods_are_the_latest() -> None:
    assert downtime().live_periods(600, 60, 3) == [420, 480, 540]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        ((490, 500), [360, 420, 540]),
        ((480, 540), [360, 420, 540]),
        ((470, 541), [240, 300, 360]),
        ((0, 100), [420, 480, 540]),
        ((590, 600), [360, 420, 480]),
        ((599, 700), [360, 420, 480]),
    ],
)
def test_periods_in_which_the_plane_was_down_are_passed_over(
    gap: tuple[float, float], expected: list[int]
) -> None:
    assert downtime(gap).live_periods(600, 60, 3) == expected


def test_what_is_older_than_a_day_is_not_looked_for() -> None:
    gap = (1_000_000.0, 1_000_000.0 + FURTHEST + 1)
    assert downtime(gap).live_periods(int(gap[1]) + 179, 60, 5) == [
        int(gap[1]) + 59,
        int(gap[1]) + 119,
    ]


spans = st.lists(
    st.tuples(st.floats(0, 50_000), st.floats(0, 10_000)).map(lambda pair: (pair[0], sum(pair))),
    max_size=4,
)


@given(spans, st.sampled_from([10, 60, 300]), st.integers(1, 20), st.integers(0, 1000))
def test_live_periods_lie_on_the_grid_and_in_no_gap(
    gaps: list[tuple[float, float]], period: int, count: int, end: int
) -> None:
    # Gaps of a plane follow one another.
    gaps = [gap for gap in sorted(gaps) if gap[0] < gap[1]]
    apart = [
        gap for number, gap in enumerate(gaps) if all(gap[0] > old[1] for old in gaps[:number])
    ]
    end += 60_000
    found = downtime(*apart).live_periods(end, period, count)
    assert found == sorted(set(found))
    assert len(found) <= count
    for start in found:
        assert (end - start) % period == 0
        assert not any(gap[0] < start + period and gap[1] > start for gap in apart)
    if sum(gap[1] - gap[0] for gap in apart) < FURTHEST:
        assert len(found) == count
        # None is left out between the newest and the oldest but for a gap.
        for start in range(found[0], end, period):
            if start not in found:
                assert any(gap[0] < start + period and gap[1] > start for gap in apart)


def test_downtime_is_remembered(tmp_path: Path) -> None:
    database = Database(tmp_path / "metrics.db", MIGRATIONS)
    database.start()
    try:
        first = Downtime(database)
        first.start(1000.0)
        first.beat(1060.0)
        second = Downtime(database)
        second.start(1300.0)
        second.beat(1500.0)
        third = Downtime(database)
        third.start(1500.0)  # at once
        assert third._gaps == [(1060.0, 1300.0)]
        assert third.live_periods(1560, 60, 4) == [1320, 1380, 1440, 1500]
        assert third.live_periods(1560, 60, 6) == [900, 960, 1320, 1380, 1440, 1500]
    finally:
        database.stop()
