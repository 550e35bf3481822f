"""An endpoint's variant under its traffic, from the beginning to the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kennel.planner.errors import BadPlan
from kennel.planner.simulation.agenda import Agenda, Due
from kennel.planner.simulation.endpoint_setting import EndpointSetting
from kennel.planner.simulation.metric import Metric
from kennel.planner.simulation.requests import chunks
from kennel.planner.simulation.result import EndpointResult
from kennel.planner.simulation.scaler import Reading, Sample
from kennel.planner.simulation.scaling_clock import ScalingClock
from kennel.planner.simulation.variant_meter import VariantMeter
from kennel.planner.simulation.variant_run import VariantRun
from kennel.planner.traffic import Traffic

__all__ = ["EndpointSimulation"]

_MINUTE = 60.0
_BEAT = 10.0  # between two values of ConcurrentRequestsPerModel


@dataclass(slots=True)
class _Launch:
    """Instances that will serve, since `begun`."""

    count: int
    begun: float


class EndpointSimulation:
    """One simulation. Times are of policy, from the beginning. Raises BadPlan."""

    def __init__(
        self, setting: EndpointSetting, traffic: Traffic, seed: int, begins: float
    ) -> None:
        _check(setting)
        self._setting = setting
        self._scale = setting.time_scale
        self._begins = begins
        self._agenda = Agenda()
        self._variant = VariantRun(
            chunks(traffic, setting.service_time, seed),
            queue_limit=setting.queue_limit,
            wait_limit=setting.wait_limit,
            overhead=setting.overhead,
            routing=setting.routing,
            seed=seed,
        )
        for _ in range(setting.instances):
            self._variant.add(0.0)
        self._meter = VariantMeter(self._variant, self._scale)
        self._metrics = _Metrics(self._variant)
        self._scaling = ScalingClock(
            self._agenda, self._metrics.read, self._follow, begins, self._scale
        )
        self._launch: _Launch | None = None
        self._launching = 0.0

    def run(self, end: float) -> EndpointResult:
        """Lets everything happen until the end, once."""
        if self._setting.scaling is not None:
            self._agenda.every(_BEAT - self._begins % _BEAT, _BEAT, Due.BEAT, self._metrics.beat)
            self._scaling.start(self._setting.scaling, self._setting.instances, end)
        self._agenda.every(_MINUTE, _MINUTE, Due.MARK, self._meter.minute)
        self._agenda.run(end, lambda at: self._variant.advance(at / self._scale))
        if self._launch is not None:
            self._launching += self._launch.count * (end - self._launch.begun)
        held, utilisation = self._meter.finish(end)
        state = self._variant.state
        return EndpointResult(
            duration=end,
            time_scale=self._scale,
            latency=self._meter.timeline.latency(float(state.latency)),
            wait=self._meter.wait(),
            served=int(state.served),
            rejected=int(state.rejected),
            timed_out=int(state.timed_out),
            changes=tuple(self._meter.changes),
            instance_seconds=held,
            launching_seconds=self._launching,
            utilisation=utilisation,
            minutes=self._meter.timeline.minutes(),
            activities=self._scaling.activities(),
        )

    def _follow(self, wanted: int, now: float) -> None:
        """Launches instances or takes some away."""
        more = wanted - self._variant.instances
        if more > 0:
            self._launch = launch = _Launch(more, now)
            if self._setting.launch_delay:
                done = now + self._setting.launch_delay
                self._agenda.put(done, Due.LAUNCHED, lambda at: self._launched(launch, at))
            else:
                self._launched(launch, now)
            return
        self._metrics.settle()
        for _ in range(-more):
            self._variant.remove(now / self._scale)
        self._settled(now)

    def _launched(self, launch: _Launch, now: float) -> None:
        self._launch = None
        self._launching += launch.count * (now - launch.begun)
        self._metrics.settle()
        for _ in range(launch.count):
            self._variant.add(now / self._scale)
        self._settled(now)

    def _settled(self, now: float) -> None:
        self._meter.changed(now)
        self._scaling.fulfilled(now)


class _Metrics:
    """What the variant publishes, from one tick to the next."""

    def __init__(self, variant: VariantRun) -> None:
        self._variant = variant
        self._settled = 0  # arrivals that InvocationsPerInstance has in it
        self._per_instance = 0.0
        self._concurrency = Reading()
        self._before = (0, 0, 0.0)

    @property
    def _state(self) -> Any:
        return self._variant.state

    def beat(self, now: float) -> None:
        """A value of the concurrent requests of an instance."""
        each = self._variant.inside / max(1, self._variant.instances)
        self._concurrency.add(Reading(each, 1, each))

    def settle(self) -> None:
        """To be called before the number of instances changes: a request counts for one divided
        by the instances that there are when it comes."""
        arrivals = int(self._state.arrivals)
        self._per_instance += (arrivals - self._settled) / max(1, self._variant.instances)
        self._settled = arrivals

    def read(self) -> Sample:
        """All since the last time. Without traffic the invocations are zero, not missing."""
        self.settle()
        state = self._state
        now = int(state.arrivals), int(state.served), float(state.worked)
        arrivals, served = now[0] - self._before[0], now[1] - self._before[1]
        latency = (now[2] - self._before[2]) * 1e6
        sample = {
            Metric.INVOCATIONS: Reading(arrivals, max(1, arrivals), 1),
            Metric.INVOCATIONS_PER_INSTANCE: Reading(self._per_instance, max(1, arrivals), 1),
            Metric.CONCURRENT_REQUESTS_PER_MODEL: self._concurrency,
            Metric.MODEL_LATENCY: Reading(latency, served, latency),
        }
        self._before, self._per_instance, self._concurrency = now, 0.0, Reading()
        return sample


def _check(setting: EndpointSetting) -> None:
    """Raises BadPlan."""
    if setting.instances < 1:
        raise BadPlan("an endpoint has at least one instance at the beginning")
    if setting.time_scale <= 0 or setting.launch_delay < 0 or setting.overhead < 0:
        raise BadPlan("a time scale is above 0, a launch delay and an overhead are not below")
    if setting.queue_limit < 0 or setting.wait_limit <= 0:
        raise BadPlan("a queue limit is not negative, and a wait limit is above 0")
