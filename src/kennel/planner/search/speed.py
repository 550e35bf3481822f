"""The same work on a faster or slower instance."""

from __future__ import annotations

import math
from dataclasses import replace

from kennel.planner.simulation import ServiceTime
from kennel.planner.simulation.service_time import Shape

__all__ = ["faster"]


def faster(service_time: ServiceTime, speed: float) -> ServiceTime:
    """All times divided by `speed`."""
    if speed == 1:
        return service_time
    if service_time.values:
        return ServiceTime.samples(value / speed for value in service_time.values)
    if service_time.shape is Shape.LOGNORMAL:
        return replace(service_time, first=service_time.first - math.log(speed))
    return replace(service_time, first=service_time.first / speed)
