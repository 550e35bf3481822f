"""News of training jobs, for whoever runs them in numbers (tuning) or shows them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from kennel.services.sagemaker.training.document import TrainingJob
from kennel.services.sagemaker.training.status import JobStatus, SecondaryStatus

__all__ = ["JobChanged", "JobEvent", "Listener", "Listeners", "MetricSeen"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job has entered a secondary status; it is on disk."""

    name: str
    arn: str
    status: JobStatus
    secondary: SecondaryStatus


@dataclass(frozen=True, slots=True)
class MetricSeen:
    """A job has printed a value of one of its metrics. `timestamp` is wall time. A value may be
    told twice after a crash of the plane; `position` (attempt, line's offset, number in the line)
    is the same both times."""

    name: str
    arn: str
    metric: str
    value: float
    timestamp: float
    position: tuple[int, int, int]


JobEvent = JobChanged | MetricSeen
Listener = Callable[[JobEvent], None]


class Listeners:
    """Who is told of jobs' events: on the job's own thread, one event of a job after the other."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def add(self, listener: Listener) -> Callable[[], None]:
        """Tells `listener` of every event from now on; it must return soon. The function that is
        returned ends that."""
        with self._lock:
            self._listeners.append(listener)

        def remove() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return remove

    def tell(self, event: JobEvent) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(event)
            except Exception:  # a listener's boundary: the job must not fail of it
                log.exception("a listener failed of %s", event)

    def changed(self, job: TrainingJob) -> None:
        """Tells of the secondary status that the job is in."""
        self.tell(JobChanged(job.name, job.arn, job.status, job.secondary))
