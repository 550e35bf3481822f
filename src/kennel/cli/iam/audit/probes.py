"""Questions to the policies that are there: would they allow this?

A probe asks for something that nobody has a reason to name, so that only a policy that names
everything allows it. Deny statements, boundaries and conditions count as they do in a real call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kennel.cli.iam.generate.current import Holder
from kennel.policy import (
    AccessRequest,
    NamedPolicy,
    Policies,
    Principal,
    PrincipalKind,
    decide,
)

__all__ = ["UNNAMED", "granting_policies", "lets_strangers"]

UNNAMED = "kennel-audit-unnamed"  # a name that no policy names

_ELSEWHERE = "203.0.113.99"  # an address for documentation, RFC 5737


def granting_policies(
    holder: Holder, action: str, resource: str, context: Mapping[str, str] | None = None
) -> list[NamedPolicy]:
    """The identity policies by which the holder may do that; none if it may not."""
    account = holder.arn.split(":")[4]
    principal = Principal(PrincipalKind.USER, account, holder.arn, "AIDAKENNELAUDITKENNEL")
    facts = {key.lower(): (value,) for key, value in (context or {}).items()}
    request = AccessRequest(principal, action, resource, account, facts)
    decision = decide(request, replace(holder.policies, resource=None, session=None))
    if not decision.allowed:
        return []
    found = {(one.policy.holder, one.policy.name): one.policy for one in decision.statements}
    return list(found.values())


def lets_strangers(
    policy: NamedPolicy, action: str, resource: str, account: str, **context: str
) -> list[str]:
    """The statements (Sids, or #INDEX) by which an unsigned request from anywhere gets in."""
    facts = {"aws:sourceip": (_ELSEWHERE,), "aws:securetransport": ("true",)}
    facts |= {key.lower().replace("_", ":", 1): (value,) for key, value in context.items()}
    request = AccessRequest(Principal.anonymous(), action, resource, account, facts)
    decision = decide(request, Policies(resource=policy))
    if not decision.allowed:
        return []
    statements = policy.document.statements
    return [statements[one.index].sid or f"#{one.index}" for one in decision.statements]
