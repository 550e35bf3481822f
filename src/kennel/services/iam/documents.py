"""What IAM keeps. Times are wall time."""

from __future__ import annotations

import msgspec

from kennel.store import Document

__all__ = [
    "Account",
    "Group",
    "Holder",
    "InstanceProfile",
    "ManagedPolicy",
    "PolicyVersion",
    "Role",
    "User",
]


class Holder(Document, kw_only=True, omit_defaults=True):
    """Whatever policies are put on: a user, a group, a role. `inline` is document by policy name,
    `attached` the ARNs of managed policies in the order in which they were attached."""

    name: str
    path: str
    unique_id: str
    arn: str
    created: float
    inline: dict[str, str] = msgspec.field(default_factory=dict)
    attached: list[str] = msgspec.field(default_factory=list)


class User(Holder, kw_only=True, omit_defaults=True):
    """A user; `groups` are names."""

    groups: list[str] = msgspec.field(default_factory=list)
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    boundary: str = ""


class Group(Holder, kw_only=True, omit_defaults=True):
    """A group; who is in it is kept with the users."""


class Role(Holder, kw_only=True, omit_defaults=True):
    """A role. `linked_service` is the service that a service-linked role belongs to."""

    trust_policy: str
    description: str = ""
    max_session_seconds: int = 3600
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    boundary: str = ""
    linked_service: str = ""


class PolicyVersion(msgspec.Struct, kw_only=True):
    """One text of a managed policy."""

    document: str
    created: float


class ManagedPolicy(Document, kw_only=True, omit_defaults=True):
    """A customer managed policy. `versions` is by id (`v1`, …) in order of creation."""

    name: str
    path: str
    unique_id: str
    arn: str
    created: float
    updated: float
    versions: dict[str, PolicyVersion]
    default_version: str = "v1"
    last_number: int = 1
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class InstanceProfile(Document, kw_only=True, omit_defaults=True):
    """What hands a role to EC2 instances; `role` is its name, or empty."""

    name: str
    path: str
    unique_id: str
    arn: str
    created: float
    role: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class Account(Document, kw_only=True, omit_defaults=True):
    """What belongs to the account itself."""

    alias: str = ""
