"""What a row says of its samples."""

from __future__ import annotations

import json

from benchmarks.row import Row, Series


def test_neighbours_are_compared_with_each_other():
    ours = Series.of("ours", [1.0, 2.0, 30.0], "ms")
    beside = Series.of("theirs", [2.0, 4.0, 10.0], "ms")
    assert Row("part", ours, beside, pairs=True).ratio == 0.5
    assert Row("part", ours, beside).ratio == 0.5
    slow = Series.of("theirs", [1.0, 8.0, 60.0], "ms")
    assert Row("part", ours, slow, pairs=True).ratio == 0.5
    assert Row("part", ours, slow).ratio == 0.25


def test_a_target_is_met_from_the_right_side():
    series, other = Series("it", (5.0,), "ms"), Series("other", (10.0,), "ms")
    assert Row("part", series, target=6.0).met is True
    assert Row("part", series, target=5.0).met is False
    assert Row("part", series, other, target=0.4, target_is_ratio=True).met is False
    assert (
        Row("part", series, other, target=0.4, target_is_ratio=True, more_is_better=True).met
        is True
    )
    assert Row("part", series).met is None


def test_a_row_is_json_with_every_sample():
    row = Row("part", Series("it", (5.0, 7.0), "ms"), Series("other", (12.0,), "ms"))
    content = json.loads(json.dumps(row.as_json()))
    assert content["ours"]["samples"] == [5.0, 7.0]
    assert content["ours"]["median"] == 6.0
    assert content["ratio"] == 0.5


def test_a_ratio_has_to_be_near_one_from_either_side():
    other = Series("predicted", (100.0,), "ms")
    met = [Row("p", Series("live", (x,), "ms"), other, within=0.05).met for x in (94, 96, 104, 106)]
    assert met == [False, True, True, False]
