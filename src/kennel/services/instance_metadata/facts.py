"""What is known of an instance, and who knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

__all__ = ["InstanceDirectory", "InstanceFacts"]


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """An instance. What is empty is not there for it: its category is 404.

    `started` is in seconds since the epoch. `role_name` is whose credentials it has;
    `profile_arn` and `profile_id` are those of the instance profile that they came by.
    `needs_token`: only IMDSv2 is answered (EC2's HttpTokens `required`). `more` are further
    categories below `meta-data`, by their path (`spot/instance-action`).
    """

    instance_id: str
    instance_type: str
    region: str
    availability_zone: str
    account_id: str
    architecture: str
    started: float
    image_id: str = ""
    private_ip: str = ""
    host_name: str = ""
    role_name: str = ""
    profile_arn: str = ""
    profile_id: str = ""
    life_cycle: str = "on-demand"
    security_groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    user_data: bytes = b""
    needs_token: bool = True
    more: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class InstanceDirectory(Protocol):
    """A service that runs instances."""

    def instance_facts(self, holder: str) -> InstanceFacts | None:
        """The instance whose grant has that holder; None if there is none here."""
