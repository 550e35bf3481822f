"""Reads what several alarms watch, all at one moment: one look into memory, one into the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kennel.services.cloudwatch import points
from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.metric import LEVELS, Metric, Place
from kennel.services.cloudwatch.points import Points
from kennel.services.cloudwatch.sink import MetricSink
from kennel.services.cloudwatch.statistic import SIMPLE, statistic
from kennel.store import Database

__all__ = ["Reading", "Sample", "Wanted", "read_all"]


class Sample(NamedTuple):
    """A statistic of one period, and of how many samples it is."""

    value: float
    samples: float


Reading = Mapping[int, Sample]
"""By the time when the period begins; only periods with data."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A statistic of a metric, from `start` to `end` in whole periods (seconds of policy time).
    `unit` None takes all units together."""

    metric: Metric
    statistic: str
    unit: str | None
    start: int
    end: int
    period: int


def read_all(database: Database, sink: MetricSink, wanted: Sequence[Wanted]) -> list[Reading]:
    """What each of `wanted` has. A value still in memory counts as one in the store does."""
    layers = sink.layers_of({one.metric for one in wanted})  # before the store: see `sink`

    def read(connection: sqlite3.Connection) -> list[Reading]:
        flushed = points.generation(connection)
        unflushed = [held for generation, held in layers if generation > flushed]
        return [_read(connection, one, unflushed) for one in wanted]

    return database.read(read)


def _read(connection: sqlite3.Connection, wanted: Wanted, unflushed: list[Points]) -> Reading:
    levels = [level for level in LEVELS if wanted.period % level == 0]
    found: dict[int, Aggregate] = {}

    def add(time: int, aggregate: Aggregate) -> None:
        start = wanted.start + (time - wanted.start) // wanted.period * wanted.period
        present = found.get(start)
        if present is None:
            found[start] = aggregate
        else:
            present.merge(aggregate)

    def is_wanted(place: Place) -> bool:
        return (
            wanted.start <= place.time < wanted.end
            and place.level in levels
            and wanted.unit in (None, place.unit)
        )

    if wanted.statistic in SIMPLE:
        sums = points.summed_up(
            connection,
            wanted.metric,
            levels,
            wanted.start,
            wanted.end,
            wanted.period,
            wanted.unit,
        )
        for time, aggregate in sums:
            add(time, aggregate)
    else:
        stored = points.read(connection, wanted.metric, levels, wanted.start, wanted.end)
        for place, aggregate in stored:
            if is_wanted(place):
                add(place.time, aggregate)
    for held in unflushed:
        for place, aggregate in held.get(wanted.metric, {}).items():
            if is_wanted(place):
                add(place.time, aggregate)
    number = statistic(wanted.statistic)
    return {
        time: Sample(value, aggregate.count)
        for time, aggregate in found.items()
        if (value := number(aggregate)) is not None
    }
