"""What an operation needs to be allowed: actions, resources, condition keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Access"]


@dataclass(frozen=True, slots=True)
class Access:
    """One action on one resource. An operation that touches several needs several, all allowed.

    `resource` is an ARN, or `*` for an action without resources. `context` has the action's own
    condition keys in lower case (`s3:prefix`, `iam:passedtoservice`, `aws:requesttag/team`, …); the
    global ones of the caller and of the connection are added by the authorizer, and the resource's
    tags are looked up when a condition asks for them. It may have keys that it does not list and
    looks up when they are asked for (s3:existingobjecttag/…). Source: Service Authorization
    Reference.
    """

    action: str
    resource: str = "*"
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
