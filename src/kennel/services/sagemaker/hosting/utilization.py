"""How much of their type's cores and memory a variant's instances use, for CloudWatch.

`/aws/sagemaker/Endpoints`, a value an instance and minute of policy time, in percent. CPU
utilization is the sum over the cores: an instance of two vCPUs can use 200 % ("Amazon SageMaker AI
metrics in Amazon CloudWatch"). What is measured is the real process, over real time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kennel.clock import Clock
from kennel.engine.shim.proc import TICKS, proportional, read_stat
from kennel.services.sagemaker.hosting.instance import Instance
from kennel.services.sagemaker.instance_types import InstanceType

__all__ = ["Utilization", "Watched"]

_NAMESPACE = "/aws/sagemaker/Endpoints"
_MINUTE = 60
_MOST_MISSED = 10  # minutes whose value is that of the next look, where a look is seldomer
_MEMORY_SECONDS = 10.0  # wall time; a process's own share of shared pages costs a millisecond


@dataclass(frozen=True, slots=True)
class Watched:
    """The instances of one variant."""

    endpoint: str
    variant: str
    type: InstanceType
    instances: Sequence[Instance]


@dataclass(slots=True)
class _Seen:
    """What an instance had used when it was looked at last."""

    at: float
    seconds: float
    memory_at: float = 0.0
    memory: int = 0


class Utilization:
    """`look` as often as you like: it measures once a minute of policy time, however many
    instances there are. For one thread."""

    def __init__(
        self,
        clock: Clock,
        add: Callable[[str, str, Mapping[str, str], float, str, float], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`add` is MetricSink.add; `now` is in wall seconds, from anywhere."""
        self._clock = clock
        self._add = add
        self._now = now
        self._minute = int(clock.policy() // _MINUTE)
        self._seen: dict[str, _Seen] = {}

    def is_due(self) -> bool:
        """Whether a minute has passed since the last look."""
        return int(self._clock.policy() // _MINUTE) > self._minute

    def look(self, watched: Sequence[Watched]) -> None:
        """Publishes what each instance used since the last look; of one that is new, nothing."""
        minute = int(self._clock.policy() // _MINUTE)
        minutes = range(max(self._minute, minute - _MOST_MISSED), minute)
        self._minute = minute
        seen = {}
        for variant in watched:
            dimensions = {"EndpointName": variant.endpoint, "VariantName": variant.variant}
            for instance in variant.instances:
                before = self._seen.get(instance.name)
                after = self._measure(instance, before)
                if after is None:
                    continue
                seen[instance.name] = after
                if before is None:
                    continue
                cpu = 100 * (after.seconds - before.seconds) / max(1e-9, after.at - before.at)
                memory = 100 * after.memory / variant.type.memory_bytes
                for each in minutes:
                    at = float(each * _MINUTE)
                    self._add(_NAMESPACE, "CPUUtilization", dimensions, cpu, "Percent", at)
                    self._add(_NAMESPACE, "MemoryUtilization", dimensions, memory, "Percent", at)
        self._seen = seen

    def _measure(self, instance: Instance, before: _Seen | None) -> _Seen | None:
        stat = read_stat(instance.pid)
        if stat is None or stat.start != instance.start_time or stat.ended:
            return None
        seen = _Seen(self._now(), (stat.ticks + stat.children_ticks) / TICKS)
        if before is not None and seen.at - before.memory_at < _MEMORY_SECONDS:
            seen.memory_at, seen.memory = before.memory_at, before.memory
        else:
            seen.memory_at, seen.memory = seen.at, proportional(instance.pid)
        return seen
