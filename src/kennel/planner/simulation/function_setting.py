"""What of a function is simulated."""

from __future__ import annotations

from dataclasses import dataclass

from kennel.planner.simulation.scaling_setting import Scaling
from kennel.planner.simulation.service_time import NOTHING, ServiceTime

__all__ = ["ACCOUNT_LIMIT", "FunctionSetting"]

ACCOUNT_LIMIT = 1000
"""An account's concurrent executions in a Region, unless AWS raised it."""


@dataclass(frozen=True, slots=True)
class FunctionSetting:
    """One version or alias of a function, called synchronously.

    `init`: how long an environment takes to begin, which the caller of a cold start waits for.
    `limit`: how many calls may run at once: the reserved concurrency, or else what is unreserved.
    `provisioned`: environments that are held ready, from the beginning; `scaling` changes their
    number. What is added is set aside at AWS's pace and usable, all at once, `allocation_delay`
    seconds of policy time after that. `idle_timeout`: seconds of policy time after which an
    environment that nobody calls goes. Other times are wall time. Rates, too, are by wall time.
    """

    service_time: ServiceTime
    init: ServiceTime = NOTHING
    memory_mb: int = 128
    limit: int = ACCOUNT_LIMIT
    provisioned: int = 0
    scaling: Scaling | None = None
    allocation_delay: float = 0.0
    idle_timeout: float = 300.0
    overhead: float = 0.0
    time_scale: float = 1.0
