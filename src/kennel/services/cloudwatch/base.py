"""What all operations of CloudWatch share: the store and the sink."""

from __future__ import annotations

from typing import ClassVar

from kennel.services.cloudwatch.schema import MIGRATIONS
from kennel.services.cloudwatch.sink import MetricSink
from kennel.services.service import Parts, Service
from kennel.store import Database

__all__ = ["CloudWatchBase"]


class CloudWatchBase(Service):
    """Metrics in a SQLite file of their own: flushing them each second never holds up the plane's
    own state."""

    name: ClassVar[str] = "cloudwatch"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._folder = parts.folder / "cloudwatch"
        self._database = Database(self._folder / "metrics.db", MIGRATIONS)
        self.sink = MetricSink(self._database, parts.clock, parts.region)
