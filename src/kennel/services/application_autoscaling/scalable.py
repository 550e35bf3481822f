"""What can be scaled: how its capacity is read and set. One class a scalable dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from kennel.services.context import Context

__all__ = ["Scalable", "Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A resource's capacity as it stands. `is_settled` is false while the service is busy with
    it; `failure` says why what was asked for is not there and will not come."""

    desired: int
    is_settled: bool
    failure: str = ""


class Scalable(Protocol):
    """A scalable dimension of a service."""

    namespace: ClassVar[str]
    dimension: ClassVar[str]
    noun: ClassVar[str]
    """What activities call the capacity: "desired instance count"."""
    role_service: ClassVar[str]
    """For which service principal the service-linked role is made."""
    role_name: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    """The predefined metrics that AWS has for the dimension."""
    cooldown: ClassVar[float]
    """Where a policy says none, in seconds. Source: "Define cooldown periods" of "How target
    tracking scaling for Application Auto Scaling works"."""
    takes_steps: ClassVar[bool]
    """Whether it may have step scaling policies."""
    least: ClassVar[int]
    """The smallest MinCapacity."""

    def is_name(self, resource_id: str) -> bool:
        """Whether a resource id has the form that the dimension wants."""

    def admit(self, ctx: Context, resource_id: str) -> None:
        """Raises ValidationException if there is no such resource, or none that may be scaled."""

    def standing(self, ctx: Context, resource_id: str) -> Standing | None:
        """None if there is no such resource."""

    def set(self, ctx: Context, resource_id: str, capacity: int) -> None:
        """Asks the service for a capacity. Raises the service's AwsError."""
