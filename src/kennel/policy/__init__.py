"""AWS's policies and how they decide: pure functions, without store, clock or service.

    policy text → parse_policy → PolicyDocument → NamedPolicy → PolicySet ┐
    who, what, on which resource, under which conditions: AccessRequest   ┴→ decide → Decision

The plane asks it before every call; `kennel iam` asks it again with what was recorded.
"""

from kennel.policy.context_keys import context_keys, missing_keys
from kennel.policy.decision import Decision, decide
from kennel.policy.elements import PolicyError, PolicyKind
from kennel.policy.grammar import PolicyDocument, Statement, parse_policy
from kennel.policy.policies import (
    MatchedStatement,
    NamedPolicy,
    Policies,
    PolicySet,
    PolicyType,
)
from kennel.policy.principal import Principal, PrincipalKind, SessionScope
from kennel.policy.request import AccessRequest

__all__ = [
    "AccessRequest",
    "Decision",
    "MatchedStatement",
    "NamedPolicy",
    "Policies",
    "PolicyDocument",
    "PolicyError",
    "PolicyKind",
    "PolicySet",
    "PolicyType",
    "Principal",
    "PrincipalKind",
    "SessionScope",
    "Statement",
    "context_keys",
    "decide",
    "missing_keys",
    "parse_policy",
]
