"""CloudWatch: metrics put, listed and read back, and watched."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kennel.services.cloudwatch import points
from kennel.services.cloudwatch.aging import Aging
from kennel.services.cloudwatch.authorization import AuthorizationAnswers
from kennel.services.cloudwatch.datum import aggregates
from kennel.services.cloudwatch.errors import (
    InvalidParameterValueException,
    MissingRequiredParameterException,
)
from kennel.services.cloudwatch.metric import Metric
from kennel.services.cloudwatch.read_operations import ReadOperations
from kennel.services.cloudwatch.timestamps import DAY, HOUR
from kennel.services.context import Context
from kennel.services.page_token import decode_place, encode_place
from kennel.services.service import Parts

__all__ = ["CloudWatch"]

LIST_PAGE = 500
_LISTED_SECONDS = 14 * DAY  # ListMetrics leaves out what had no data for longer
_NAMESPACE = re.compile(r"[^:].*")


class CloudWatch(AuthorizationAnswers, ReadOperations):
    """Metrics, their data, and alarms on them. `sink` takes the plane's own metrics."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._aging = Aging(self._database, parts.clock.policy)

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._database.start()
        self.sink.start()
        self._aging.start()
        self.book.start()

    def stop(self) -> None:
        self.leave()
        self._aging.stop()
        self.sink.stop()
        self._database.stop()

    def put_metric_data(
        self, ctx: Context, *, Namespace: str, MetricData: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """What is acknowledged is on disk."""
        is_name = _NAMESPACE.fullmatch(Namespace) is not None and Namespace.isprintable()
        if not is_name or Namespace.startswith("AWS/"):  # those are the services' own
            raise InvalidParameterValueException(
                f"The value {Namespace} for parameter Namespace is invalid."
            )
        if not MetricData:
            raise MissingRequiredParameterException("The parameter MetricData is required.")
        clock = self.parts.clock
        data = aggregates(ctx.region, Namespace, MetricData, clock.wall(), clock.policy())
        self._database.write(lambda connection: points.write(connection, data, clock.policy()))

    def list_metrics(
        self,
        ctx: Context,
        *,
        Namespace: str | None = None,
        MetricName: str | None = None,
        Dimensions: Sequence[Mapping[str, str]] | None = None,
        NextToken: str | None = None,
        RecentlyActive: str | None = None,
    ) -> dict[str, Any]:
        if RecentlyActive not in (None, "PT3H"):
            raise InvalidParameterValueException(
                f"The value {RecentlyActive} for parameter RecentlyActive is invalid."
            )
        after = None
        if NextToken is not None:
            after = decode_place(NextToken, "ListMetrics", str, str, str)
            if after is None:
                raise InvalidParameterValueException("The specified NextToken is invalid.")
        age = _LISTED_SECONDS if RecentlyActive is None else 3 * HOUR
        since = self.parts.clock.policy() - age
        found = self.sink.metrics()
        found |= set(
            self._database.read(
                lambda connection: points.listing(
                    connection, ctx.region, Namespace, MetricName, since
                )
            )
        )
        chosen = sorted(
            (metric.namespace, metric.name, metric.dimensions_key)
            for metric in found
            if metric.region == ctx.region
            and Namespace in (None, metric.namespace)
            and MetricName in (None, metric.name)
            and _has(metric, Dimensions or ())
        )
        if after is not None:
            chosen = [key for key in chosen if key > after]
        reply: dict[str, Any] = {"Metrics": [_listed(*key) for key in chosen[:LIST_PAGE]]}
        if len(chosen) > LIST_PAGE:
            reply["NextToken"] = encode_place("ListMetrics", *chosen[LIST_PAGE - 1])
        return reply


def _has(metric: Metric, filters: Sequence[Mapping[str, str]]) -> bool:
    """Whether a metric has every dimension that is asked for."""
    dimensions = dict(metric.dimensions)
    return all(
        wanted["Name"] in dimensions and wanted.get("Value") in (None, dimensions[wanted["Name"]])
        for wanted in filters
    )


def _listed(namespace: str, name: str, dimensions_key: str) -> dict[str, Any]:
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [
            {"Name": dimension, "Value": value}
            for dimension, value in Metric.dimensions_of(dimensions_key)
        ],
    }
