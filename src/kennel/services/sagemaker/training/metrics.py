"""A job's metrics, from its log into the job, into CloudWatch and to listeners."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kennel.errors import AwsError
from kennel.services.logs.shipment import LogLine
from kennel.services.sagemaker.training.document import MetricValue, TrainingJob
from kennel.services.sagemaker.training.events import Listeners, MetricSeen
from kennel.services.sagemaker.training.patterns import MetricPattern, MetricScanner
from kennel.services.sagemaker.training.store import JobStore

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["NAMESPACE", "JobMetrics"]

log = logging.getLogger(__name__)

NAMESPACE = "/aws/sagemaker/TrainingJobs"
_BATCH = 500  # values in one PutMetricData; CloudWatch takes 1,000


class JobMetrics:
    """Reads the log lines of one host in one attempt of a job, each at least once.

    Every host's values go into the job and to CloudWatch. Listeners are told of one host's (that
    which `tells`): they count values as steps of the training, which all hosts take.

    `context` acts as the job's role, which needs cloudwatch:PutMetricData as on AWS; where it
    lacks that, the job still gets its final metrics.
    """

    def __init__(
        self,
        job: TrainingJob,
        patterns: tuple[MetricPattern, ...],
        jobs: JobStore,
        listeners: Listeners,
        context: Context,
        *,
        tells: bool = True,
    ) -> None:
        self._name = job.name
        self._arn = job.arn
        self._attempt = job.attempt
        self._scanner = MetricScanner(job.name, patterns)
        self._jobs = jobs
        self._listeners = listeners
        self._context = context
        self._tells = tells
        self._refused = False

    def on_lines(self, lines: Sequence[LogLine]) -> None:
        """The subscriber that a shipment of the log has."""
        seen = [
            MetricSeen(
                self._name,
                self._arn,
                metric,
                value,
                line.timestamp,
                (self._attempt, line.offset, number),
            )
            for line in lines
            for number, (metric, value) in enumerate(self._scanner.scan(line.text))
        ]
        if not seen:
            return
        self._remember(seen)
        for start in range(0, len(seen), _BATCH):
            self._publish(seen[start : start + _BATCH])
        for event in seen if self._tells else ():
            self._listeners.tell(event)

    def _remember(self, seen: list[MetricSeen]) -> None:
        def change(job: TrainingJob) -> TrainingJob:
            for event in seen:
                job.metrics[event.metric] = MetricValue(event.value, event.timestamp)
            return job

        self._jobs.change(self._name, change)

    def _publish(self, seen: list[MetricSeen]) -> None:
        """Timestamps are wall time, as all of a job's times are: clients ask CloudWatch for what
        lies between its TrainingStartTime and TrainingEndTime."""
        dimensions = [{"Name": "TrainingJobName", "Value": self._name}]
        try:
            self._context.call(
                "cloudwatch",
                "PutMetricData",
                Namespace=NAMESPACE,
                MetricData=[
                    {
                        "MetricName": event.metric,
                        "Dimensions": dimensions,
                        "Timestamp": event.timestamp,
                        "Value": event.value,
                        "Unit": "None",
                        "StorageResolution": 1,
                    }
                    for event in seen
                ],
            )
        except AwsError as error:
            if not self._refused:
                self._refused = True
                log.warning("metrics of training job %s: %s", self._name, error.message)
