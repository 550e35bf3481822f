"""What policies are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kennel.policy.principal import Principal

__all__ = ["AccessRequest"]


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """May this principal take this action on this resource?

    `resource` is an ARN, or `*` for an action that has none. `resource_account` is the account that
    owns it (the ARN does not always say). `context` has the values of condition keys by the key
    in lower case, one or several; a key that is not there is absent from the request. It is asked
    only for keys that a statement names, so it may look values up when they are asked for.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
