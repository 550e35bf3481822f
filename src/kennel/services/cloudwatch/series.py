"""Reads a metric period by period, from the store and from memory together."""

from __future__ import annotations

import sqlite3

from kennel.services.cloudwatch import points
from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.errors import InvalidParameterValueException
from kennel.services.cloudwatch.metric import LEVELS, Metric, Place
from kennel.services.cloudwatch.sink import MetricSink
from kennel.store import Database

__all__ = ["check_period", "read_series"]

_SHORT_PERIODS = (1, 5, 10, 20, 30)


def check_period(period: int) -> None:
    """Raises InvalidParameterValueException for a length that no period has."""
    if period not in _SHORT_PERIODS and (period < 60 or period % 60):
        raise InvalidParameterValueException(
            f"The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {period}."
        )


def read_series(
    database: Database, sink: MetricSink, metric: Metric, start: int, end: float, period: int
) -> dict[str, dict[int, Aggregate]]:
    """By unit, what came in each period that is not empty, by the time when it begins.

    Periods begin at `start` (whole seconds since the epoch); `end` is exclusive. Stored points
    that stand for longer than the period goes evenly into are left out, as by AWS.
    """
    levels = [level for level in LEVELS if period % level == 0]
    found: dict[str, dict[int, Aggregate]] = {}

    def add(place: Place, aggregate: Aggregate) -> None:
        begin = start + (place.time - start) // period * period
        periods = found.setdefault(place.unit, {})
        present = periods.get(begin)
        if present is None:
            periods[begin] = aggregate
        else:
            present.merge(aggregate)

    layers = sink.layers(metric)  # before the store is read: see the sink's own account

    def read(connection: sqlite3.Connection) -> tuple[int, list[tuple[Place, Aggregate]]]:
        stored = points.read(connection, metric, levels, start, end)
        return points.generation(connection), stored

    flushed, stored = database.read(read)
    for place, aggregate in stored:
        add(place, aggregate)
    for generation, unflushed in layers:
        if generation > flushed:
            for place, aggregate in unflushed.items():
                if place.level in levels and start <= place.time < end:
                    add(place, aggregate)
    return found
