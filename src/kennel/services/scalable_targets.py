"""What a scaled service asks Application Auto Scaling in process."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

__all__ = ["ScalableTargets"]


@runtime_checkable
class ScalableTargets(Protocol):
    """The service `application-autoscaling`, to the services whose capacity it sets."""

    def is_registered(self, resource_id: str, dimension: str) -> bool:
        """Whether a scalable target is registered (`endpoint/E/variant/V`)."""

    def resource_deleted(self, prefix: str) -> None:
        """Deregisters every target whose resource id starts with `prefix` (`endpoint/E/`)."""
