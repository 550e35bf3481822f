"""A function's version or alias under its traffic, from the beginning to the end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kennel.planner.errors import BadPlan
from kennel.planner.simulation.agenda import Agenda, Due
from kennel.planner.simulation.function_meter import FunctionMeter
from kennel.planner.simulation.function_run import FunctionRun
from kennel.planner.simulation.function_setting import FunctionSetting
from kennel.planner.simulation.metric import Metric
from kennel.planner.simulation.requests import chunks, service_draw
from kennel.planner.simulation.result import FunctionResult
from kennel.planner.simulation.scaler import Reading, Sample
from kennel.planner.simulation.scaling_clock import ScalingClock
from kennel.planner.simulation.service_time import ServiceTime, Shape
from kennel.planner.traffic import Traffic
from kennel.scaling.admission import ALLOCATION_RATE

__all__ = ["FunctionSimulation"]

_MINUTE = 60.0
_INIT_STREAM = 0x1417  # sets initializations apart from service times of the same seed
_INITS = 4096


class FunctionSimulation:
    """One simulation. Times are of policy, from the beginning. Raises BadPlan."""

    def __init__(
        self, setting: FunctionSetting, traffic: Traffic, seed: int, begins: float
    ) -> None:
        _check(setting)
        self._setting = setting
        self._scale = setting.time_scale
        self._agenda = Agenda()
        self._function = FunctionRun(
            chunks(traffic, setting.service_time, seed),
            limit=setting.limit,
            idle_timeout=setting.idle_timeout / setting.time_scale,
            inits=_inits(setting.init, seed),
            overhead=setting.overhead,
        )
        self._function.want(setting.provisioned)
        self._function.ready()
        self._meter = FunctionMeter(self._function, self._scale)
        self._metrics = _Metrics(self._function)
        self._begins = begins
        self._scaling = ScalingClock(
            self._agenda, self._metrics.read, self._follow, begins, self._scale
        )

    def run(self, end: float) -> FunctionResult:
        """Lets everything happen until the end, once."""
        if self._setting.scaling is not None:
            first = _MINUTE - self._begins % _MINUTE
            self._agenda.every(first, _MINUTE, Due.BEAT, lambda now: self._metrics.beat())
            self._scaling.start(self._setting.scaling, self._setting.provisioned, end)
        self._agenda.every(_MINUTE, _MINUTE, Due.MARK, self._meter.minute)
        self._agenda.run(end, lambda at: self._function.advance(at / self._scale))
        utilisation = self._meter.finish(end)
        state = self._function.state
        return FunctionResult(
            duration=end,
            time_scale=self._scale,
            memory_mb=self._setting.memory_mb,
            latency=self._meter.timeline.latency(float(state.latency)),
            served=int(state.served),
            throttled=int(state.throttled),
            cold_starts=int(state.cold),
            provisioned_calls=int(state.provisioned_calls),
            spilled=int(state.spilled),
            peak_concurrency=int(state.peak),
            peak_environments=int(state.most_environments),
            on_demand_seconds=float(state.billed),
            provisioned_seconds=float(state.provisioned_billed),
            held_seconds=self._meter.held.until(end),
            utilisation=utilisation,
            changes=tuple(self._meter.changes),
            minutes=self._meter.timeline.minutes(),
            activities=self._scaling.activities(),
        )

    def _follow(self, wanted: int, now: float) -> None:
        """Sets environments aside or gives some up."""
        missing = self._function.want(wanted)
        self._meter.changed(now)
        takes = self._setting.allocation_delay + missing / ALLOCATION_RATE if missing else 0.0
        if takes:
            self._agenda.put(now + takes, Due.LAUNCHED, self._ready)
        else:
            self._ready(now)

    def _ready(self, now: float) -> None:
        self._function.ready()
        self._meter.changed(now)
        self._scaling.fulfilled(now)


class _Metrics:
    """What the function publishes, from one tick to the next."""

    def __init__(self, function: FunctionRun) -> None:
        self._function = function
        self._spilled = 0

    def beat(self) -> None:
        """While anything runs, the concurrency is noted once a minute too."""
        state = self._function.state
        if state.running:
            state.noted += 1
            state.noted_running += state.running
            state.most_running = max(state.most_running, state.running)
            if state.available:
                share = state.provisioned_busy / state.available
                state.noted_shares += 1
                state.noted_share += share
                state.most_share = max(state.most_share, share)

    def read(self) -> Sample:
        """All since the last time; what no call noted is missing."""
        state = self._function.state
        spilled = int(state.spilled) - self._spilled
        self._spilled += spilled
        sample = {
            Metric.PROVISIONED_CONCURRENCY_UTILIZATION: Reading(
                float(state.noted_share), int(state.noted_shares), float(state.most_share)
            ),
            Metric.CONCURRENT_EXECUTIONS: Reading(
                float(state.noted_running), int(state.noted), float(state.most_running)
            ),
            Metric.SPILLOVER_INVOCATIONS: Reading(spilled, spilled, 1.0),
        }
        state.noted = state.noted_shares = state.most_running = 0
        state.noted_share = state.noted_running = state.most_share = 0.0
        return sample


def _inits(init: ServiceTime, seed: int) -> NDArray[np.float64]:
    if init.shape is Shape.GIVEN:
        return np.array(init.values)
    inits = np.empty(_INITS)
    service_draw(init, seed, _INIT_STREAM)(0, inits)
    return inits


def _check(setting: FunctionSetting) -> None:
    """Raises BadPlan."""
    if setting.limit < 0 or setting.provisioned < 0:
        raise BadPlan("a function's limit and its provisioned concurrency are not negative")
    if setting.provisioned > setting.limit:
        raise BadPlan(
            f"{setting.provisioned} provisioned environments are more than the {setting.limit} "
            "that may run at once"
        )
    if setting.time_scale <= 0 or setting.idle_timeout <= 0:
        raise BadPlan("a time scale and an idle time-out are above 0")
    if setting.allocation_delay < 0 or setting.overhead < 0:
        raise BadPlan("an allocation delay and an overhead are not below 0")
