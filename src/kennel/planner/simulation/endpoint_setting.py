"""What of an endpoint's variant is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kennel.planner.simulation.scaling_setting import Scaling
from kennel.planner.simulation.service_time import ServiceTime

__all__ = ["QUEUE_LIMIT", "WAIT_LIMIT", "EndpointSetting", "Routing"]

QUEUE_LIMIT = 1024
"""Requests that may wait for one variant; the live plane's number."""

WAIT_LIMIT = 60.0
"""Seconds of wall time that a request waits for an instance; the live plane's number."""


class Routing(StrEnum):
    """botocore's RoutingStrategy."""

    LEAST_OUTSTANDING_REQUESTS = "LEAST_OUTSTANDING_REQUESTS"
    RANDOM = "RANDOM"


@dataclass(frozen=True, slots=True)
class EndpointSetting:
    """One production variant: `instances` at the beginning, for ever if nothing scales them.

    `launch_delay`: seconds of policy time from the decision until a new instance serves.
    `overhead`: seconds of wall time that each request spends outside of the instance.
    `time_scale`: seconds of policy time in one of wall time. Traffic, service times and latencies
    are wall time; periods, cooldowns, launch delays and what is held are policy time.
    """

    service_time: ServiceTime
    instances: int = 1
    scaling: Scaling | None = None
    launch_delay: float = 0.0
    overhead: float = 0.0
    time_scale: float = 1.0
    queue_limit: int = QUEUE_LIMIT
    wait_limit: float = WAIT_LIMIT
    routing: Routing = Routing.LEAST_OUTSTANDING_REQUESTS
