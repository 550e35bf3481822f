"""What is explained: a scalable target, with what is known of the thing that it scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kennel.planner.explain.maximum import MaximumRate
from kennel.planner.simulation import Scaling

__all__ = ["Subject"]


@dataclass(frozen=True, slots=True)
class Subject:
    """`resource` is AWS's resource id, `endpoint/E/variant/V` or `function:F:ALIAS`. `capacity` is
    how many there are now (None: not known); `scaling` None: no scalable target is registered.
    `left_out` are sentences on policies that could not be read. `launch_delay` in seconds;
    `reserved` is a function's reserved concurrency."""

    resource: str
    scaling: Scaling | None
    capacity: int | None = None
    instance_type: str = ""
    launch_delay: float = 0.0
    maximum: MaximumRate | None = None
    reserved: int | None = None
    left_out: Sequence[str] = ()

    @property
    def is_function(self) -> bool:
        return self.resource.startswith("function:")

    def units(self, count: int) -> str:
        """`3 instances`, `1 environment`."""
        word = "environment" if self.is_function else "instance"
        return f"{count} {word}" if count == 1 else f"{count} {word}s"
