"""Which condition keys policies look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kennel.policy.grammar import PolicyDocument, Statement
from kennel.policy.patterns import variables_in
from kennel.policy.policies import NamedPolicy, Policies, PolicySet
from kennel.policy.request import AccessRequest

__all__ = ["context_keys", "missing_keys"]


def context_keys(documents: Iterable[PolicyDocument]) -> list[str]:
    """The keys of conditions and variables, as the policies write them, each once: keys that differ
    in case are one."""
    return _distinct(
        key
        for document in documents
        for statement in document.statements
        for key in _keys(statement, document.version)
    )


def missing_keys(request: AccessRequest, policies: Policies) -> list[str]:
    """The keys that the request has no value of and that a statement on its action and resource
    looks at: with them the answer could be another."""
    sources: list[Iterable[NamedPolicy] | None] = [
        policies.identity,
        _alone(policies.boundary),
        policies.session,
        _alone(policies.resource),
    ]
    found: list[str] = []
    for source in sources:
        concerned = PolicySet.of(source or ()).concerned(request.action, request.resource)
        for entry in (*concerned.surely, *concerned.depending):
            version = entry.match.policy.document.version
            found += _keys(entry.read.statement, version)
    return _distinct(key for key in found if not request.context.get(key.lower()))


def _alone(policy: PolicySet | NamedPolicy | None) -> Iterable[NamedPolicy] | None:
    return (policy,) if isinstance(policy, NamedPolicy) else policy


def _keys(statement: Statement, version: str) -> Iterator[str]:
    for resource in statement.resources + statement.not_resources:
        yield from variables_in(resource, version)
    for tests in statement.conditions.values():
        for key, values in tests.items():
            yield key
            for value in values:
                yield from variables_in(value, version)


def _distinct(keys: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for key in keys:
        found.setdefault(key.lower(), key)
    return list(found.values())
