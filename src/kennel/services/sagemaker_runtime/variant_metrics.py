"""What a variant of an endpoint publishes to CloudWatch.

Names, dimensions and units are AWS's ("Amazon SageMaker AI metrics in Amazon CloudWatch"), but for
one metric of Kennel's own:

| namespace | metric | unit | when |
| --- | --- | --- | --- |
| AWS/SageMaker | Invocations, InvocationsPerInstance | None | a request arrives; 0 each minute |
| AWS/SageMaker | ModelLatency, OverheadLatency | Microseconds | an instance has answered |
| AWS/SageMaker | Invocation4XXErrors, …5XXErrors, InvocationModelErrors | None | a request ends |
| AWS/SageMaker | ConcurrentRequestsPerModel | None | every 10 s, of high resolution |
| Kennel/SageMaker | RoutableInstanceSeconds | Seconds | every 10 s, and as the number changes |

Times are policy time. Sum is the one valid statistic of the first two, as at AWS: a zero at the
beginning of each minute changes no sum, and without it an endpoint that nobody asks would have no
data and never scale in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["BEAT_SECONDS", "MetricAdd", "VariantMetrics"]

BEAT_SECONDS = 10
"""Of policy time, between two values of ConcurrentRequestsPerModel ("every 10 seconds", Machine
Learning Blog, "Amazon SageMaker inference launches faster auto scaling", July 2024)."""

_MINUTE = 60
_AWS = "AWS/SageMaker"
_KENNEL = "Kennel/SageMaker"


class MetricAdd(Protocol):
    """`MetricSink.add`."""

    def __call__(
        self,
        namespace: str,
        name: str,
        dimensions: tuple[tuple[str, str], ...],
        value: float,
        unit: str = ...,
        timestamp: float | None = ...,
        resolution: int = ...,
    ) -> None: ...


class VariantMetrics:
    """One variant's metrics. `policy` gives the policy time."""

    def __init__(
        self, add: MetricAdd, policy: Callable[[], float], endpoint: str, variant: str
    ) -> None:
        self._add = add
        self._policy = policy
        self._dimensions = (("EndpointName", endpoint), ("VariantName", variant))
        self._routable = 0
        self._since = 0.0

    def arrived(self, instances: int) -> None:
        """A request for the variant, whose number of instances is that now."""
        self._note("Invocations", 1.0)
        # With no instance for the moment, what comes is all for the next one.
        self._note("InvocationsPerInstance", 1.0 / max(1, instances))

    def answered(self, status: int, model: float, overhead: float) -> None:
        """An instance answered; `model` and `overhead` are in microseconds."""
        self._note("ModelLatency", model, "Microseconds")
        self._note("OverheadLatency", overhead, "Microseconds")
        self._ended(status, is_models=status >= 300)

    def failed(self) -> None:
        """No instance answered."""
        self._ended(500, is_models=True)

    def routable(self, instances: int) -> None:
        """The number of instances that take requests changes to this."""
        self._settle(self._policy())
        self._routable = instances

    def beat(self, at: int, outstanding: int) -> None:
        """Every BEAT_SECONDS, `at` a whole number of them. `outstanding` requests wait or are
        being served."""
        if at % _MINUTE == 0:
            for name in ("Invocations", "InvocationsPerInstance"):
                self._add(_AWS, name, self._dimensions, 0.0, "None", at)
        per_instance = outstanding / max(1, self._routable)
        name = "ConcurrentRequestsPerModel"
        self._add(_AWS, name, self._dimensions, per_instance, "None", at, 1)
        self._settle(at)

    def _settle(self, now: float) -> None:
        """Publishes the instance-seconds since the last time, each minute's as its own."""
        if self._since == 0.0:
            self._since = now
        while self._since < now:
            end = min(now, (self._since // _MINUTE + 1) * _MINUTE)
            if self._routable:
                seconds = self._routable * (end - self._since)
                name = "RoutableInstanceSeconds"
                self._add(_KENNEL, name, self._dimensions, seconds, "Seconds", self._since)
            self._since = end

    def _ended(self, status: int, *, is_models: bool) -> None:
        self._note("Invocation4XXErrors", float(400 <= status < 500))
        self._note("Invocation5XXErrors", float(status >= 500))
        self._note("InvocationModelErrors", float(is_models))

    def _note(self, name: str, value: float, unit: str = "None") -> None:
        self._add(_AWS, name, self._dimensions, value, unit)
