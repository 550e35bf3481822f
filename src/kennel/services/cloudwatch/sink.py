"""The plane's own metrics: added up in memory, written to the store each second.

`add` only notes the value and waits for nobody, so that the event loop may call it for each
request: 0.6 µs with dimensions as a tuple, 1.8 as a dict. What was noted is added up whenever
somebody reads or the second is over. A crash may lose what came since the last flush.

A read must count each value once, in memory or in the store. So memory is numbered: what came
between two flushes is a generation, whose number is stored in the transaction that stores its
data. A reader takes what is in memory first and then reads the store; of what it took it leaves
out the generations that the store says it has.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kennel.clock import Clock
from kennel.services.cloudwatch import points
from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.metric import Dimensions, Metric, Place, canonical
from kennel.services.cloudwatch.points import Points
from kennel.store import Database

__all__ = ["FLUSH_SECONDS", "MAX_VALUE", "Layer", "MetricSink"]

FLUSH_SECONDS = 1.0
MAX_VALUE = 2.0**360
"""What a value may not exceed in either direction; source: PutMetricData's reference."""

_KNOWN_METRICS = 10_000  # after that many, the table of canonical names starts anew

log = logging.getLogger(__name__)

_Note = tuple[str, str, str, Dimensions, float, str, float, int]


@dataclass(slots=True)
class Layer:
    """What came in one generation."""

    generation: int
    points: dict[Metric, dict[Place, Aggregate]] = field(default_factory=dict)


class MetricSink:
    """`start` before the first flush, `stop` at the end; `add` at any time."""

    def __init__(self, database: Database, clock: Clock, region: str) -> None:
        self._database = database
        self._policy = clock.policy
        self._region = region
        self._notes: deque[_Note] = deque()
        self._names: dict[tuple[str, str, str, Dimensions], Metric] = {}
        self._lock = threading.Lock()  # of the layers
        self._flushing_lock = threading.Lock()  # one flush at a time
        self._active = Layer(1)
        self._flushing: Layer | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def add(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str] | Dimensions,
        value: float,
        unit: str = "None",
        timestamp: float | None = None,
        resolution: int = 60,
        region: str = "",
    ) -> None:
        """Notes one value of a metric, from any thread.

        `timestamp` is in seconds since the epoch, the policy time now by default. `resolution` is
        1 or 60 seconds. `unit` is one of CloudWatch's. `region` is the plane's own by default. A
        tuple of (name, value) pairs is the quickest form of dimensions. A value that is no finite
        number is left out, as CloudWatch has none.
        """
        self._notes.append(
            (
                region or self._region,
                namespace,
                name,
                dimensions if isinstance(dimensions, tuple) else tuple(dimensions.items()),
                value,
                unit,
                self._policy() if timestamp is None else timestamp,
                resolution,
            )
        )

    def start(self) -> None:
        """Takes up the count of generations, and starts to flush."""
        with self._lock:
            self._active.generation = self._database.read(points.generation) + 1
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, name="metric-sink", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Flushes what there is and ends."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._try_to_flush()

    def flush(self) -> None:
        """Writes everything that was added before to the store. Raises what the store raises, and
        keeps the data for the next flush then."""
        with self._flushing_lock:
            with self._lock:
                self._add_up()
                layer = self._active
                if not layer.points:
                    return
                self._flushing, self._active = layer, Layer(layer.generation + 1)
            now = self._policy()
            try:
                self._database.write(lambda connection: _store(connection, layer, now))
            except BaseException:
                with self._lock:
                    _merge(layer, self._active)
                    # Readers that took both layers leave out both once this one is stored.
                    layer.generation = self._active.generation
                    self._flushing, self._active = None, layer
                raise
            with self._lock:
                self._flushing = None

    def layers(self, metric: Metric) -> list[tuple[int, Mapping[Place, Aggregate]]]:
        """(generation, points) of a metric in memory; the points are copies."""
        return [(number, held.get(metric, {})) for number, held in self.layers_of([metric])]

    def layers_of(self, metrics: Iterable[Metric]) -> list[tuple[int, Points]]:
        """(generation, points by metric) of several metrics in memory at one moment; the points
        are copies."""
        with self._lock:
            self._add_up()
            return [
                (
                    layer.generation,
                    {
                        metric: {
                            place: aggregate.copy()
                            for place, aggregate in layer.points[metric].items()
                        }
                        for metric in metrics
                        if metric in layer.points
                    },
                )
                for layer in (self._flushing, self._active)
                if layer is not None
            ]

    def metrics(self) -> set[Metric]:
        """Every metric that has points in memory."""
        with self._lock:
            self._add_up()
            flushing = self._flushing.points if self._flushing is not None else {}
            return {*self._active.points, *flushing}

    def _add_up(self) -> None:
        """Adds the notes to the active layer. The caller holds the lock."""
        for _ in range(len(self._notes)):
            region, namespace, name, dimensions, value, unit, timestamp, resolution = (
                self._notes.popleft()
            )
            if not -MAX_VALUE <= value <= MAX_VALUE:  # false for a NaN, too
                continue
            key = (region, namespace, name, dimensions)
            metric = self._names.get(key)
            if metric is None:
                if len(self._names) >= _KNOWN_METRICS:
                    self._names.clear()
                metric = Metric(region, namespace, name, canonical(dimensions))
                self._names[key] = metric
            _point(self._active, metric, Place.at(resolution, timestamp, unit)).add(value)

    def _run(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            self._try_to_flush()

    def _try_to_flush(self) -> None:
        try:
            self.flush()
        except Exception:  # the thread's boundary: the data stay in memory and are tried again
            log.exception("the plane's metrics could not be stored; trying again")


def _store(connection: sqlite3.Connection, layer: Layer, now: float) -> None:
    points.write(connection, layer.points, now)
    points.set_generation(connection, layer.generation)


def _point(layer: Layer, metric: Metric, place: Place) -> Aggregate:
    places = layer.points.get(metric)
    if places is None:
        places = layer.points[metric] = {}
    aggregate = places.get(place)
    if aggregate is None:
        aggregate = places[place] = Aggregate()
    return aggregate


def _merge(into: Layer, other: Layer) -> None:
    for metric, places in other.points.items():
        for place, aggregate in places.items():
            _point(into, metric, place).merge(aggregate)
