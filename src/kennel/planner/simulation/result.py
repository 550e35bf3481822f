"""What a simulation found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kennel.planner.simulation.histogram import Histogram

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Activity", "EndpointResult", "FunctionResult", "Minutes"]


@dataclass(frozen=True, slots=True)
class Activity:
    """A change of capacity, as DescribeScalingActivities has it. `begun` and `ended` in seconds of
    policy time from the beginning, `ended` None while it is under way; `cause` in AWS's words."""

    begun: float
    ended: float | None
    before: int
    after: int
    cause: str


@dataclass(frozen=True, slots=True)
class Minutes:
    """What happened in each minute of policy time, for pictures; arrays of the same length.

    `rate`: arrivals per second of wall time. `p50`, `p99`: of the latencies that ended then, in
    seconds, nan of none. `capacity`: instances (or provisioned environments) on average. `waiting`:
    the longest queue. `busy`: requests being worked on, on average (a function's initialization
    included). `refused`: rejected, timed out and throttled ones.
    """

    rate: NDArray[np.float64]
    p50: NDArray[np.float64]
    p99: NDArray[np.float64]
    capacity: NDArray[np.float64]
    waiting: NDArray[np.float64]
    busy: NDArray[np.float64]
    refused: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EndpointResult:
    """An endpoint under its traffic.

    `latency` of the served requests, as their callers feel it; `wait` in the queue. `rejected`: the
    queue was full; `timed_out`: no instance was free in time. `changes`: since when (policy time)
    how many instances serve. `instance_seconds` (policy time) are those of instances that take
    requests, `launching_seconds` what launches took before. `utilisation` is the share that was
    spent on requests.
    """

    duration: float
    time_scale: float
    latency: Histogram
    wait: Histogram
    served: int
    rejected: int
    timed_out: int
    changes: Sequence[tuple[float, int]]
    instance_seconds: float
    launching_seconds: float
    utilisation: float
    minutes: Minutes
    activities: Sequence[Activity]

    @property
    def requests(self) -> int:
        """All that came."""
        return self.served + self.rejected + self.timed_out


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """A function under its traffic.

    `latency` of the calls that ran. `spilled`: calls that ran on demand though provisioned
    environments were set up. `on_demand_seconds` and `provisioned_seconds` are what the calls are
    billed, each rounded up to a millisecond, initialization included. `held_seconds` (policy time):
    provisioned environments from when they are asked for until they are given back. `utilisation`
    is the share of the time of usable provisioned environments that was spent on calls, nan of
    none. `changes`: since when (policy time) how many provisioned environments are usable.
    """

    duration: float
    time_scale: float
    memory_mb: int
    latency: Histogram
    served: int
    throttled: int
    cold_starts: int
    provisioned_calls: int
    spilled: int
    peak_concurrency: int
    peak_environments: int
    on_demand_seconds: float
    provisioned_seconds: float
    held_seconds: float
    utilisation: float
    changes: Sequence[tuple[float, int]]
    minutes: Minutes
    activities: Sequence[Activity]

    @property
    def requests(self) -> int:
        """All that came."""
        return self.served + self.throttled

    @property
    def gb_seconds(self) -> float:
        """Of the calls."""
        return (self.on_demand_seconds + self.provisioned_seconds) * self.memory_mb / 1024
