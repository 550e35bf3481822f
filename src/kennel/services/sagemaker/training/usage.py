"""A host's CPU and memory, into CloudWatch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kennel.clock import Clock
from kennel.engine import Process, Usage
from kennel.errors import AwsError
from kennel.services.sagemaker.training.metrics import NAMESPACE

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["UsageMeter", "percentages"]

log = logging.getLogger(__name__)

# AWS sends once a minute; most jobs here are over by then.
_INTERVAL = 5.0  # wall seconds between two samples


class UsageMeter:
    """Samples one host's process. `host` is the dimension's value, JOB/algo-N as on AWS."""

    def __init__(
        self, process: Process, host: str, memory_bytes: int, clock: Clock, context: Context
    ) -> None:
        self._process = process
        self._host = host
        self._memory_bytes = memory_bytes
        self._clock = clock
        self._context = context
        self._last: tuple[float, Usage] | None = None
        self._refused = False

    def tick(self) -> None:
        """Takes a sample if it is time for one; call it as often as you like while it runs."""
        now = self._clock.wall()
        if self._last is None:
            self._last = (now, self._process.usage())
        elif now - self._last[0] >= _INTERVAL:
            self._sample(now)

    def _sample(self, now: float) -> None:
        assert self._last is not None
        usage = self._process.usage()
        values = percentages(self._last, (now, usage), self._memory_bytes)
        self._last = (now, usage)
        try:
            self._context.call(
                "cloudwatch",
                "PutMetricData",
                Namespace=NAMESPACE,
                MetricData=[
                    {
                        "MetricName": name,
                        "Dimensions": [{"Name": "Host", "Value": self._host}],
                        "Timestamp": now,
                        "Value": value,
                        "Unit": "Percent",
                    }
                    for name, value in values.items()
                ],
            )
        except AwsError as error:
            if not self._refused:
                self._refused = True
                log.warning("instance metrics of %s: %s", self._host, error.message)


def percentages(
    before: tuple[float, Usage], after: tuple[float, Usage], memory_bytes: int
) -> dict[str, float]:
    """The metrics that AWS sends of a training host, between two samples (wall time, usage).

    CPUUtilization counts each core from 0 to 100, so four busy cores make 400.
    """
    seconds = max(after[0] - before[0], 1e-3)
    busy = max(after[1].cpu_seconds - before[1].cpu_seconds, 0.0)
    return {
        "CPUUtilization": 100 * busy / seconds,
        "MemoryUtilization": 100 * after[1].memory_bytes / memory_bytes,
    }
