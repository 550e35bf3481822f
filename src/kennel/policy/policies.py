"""Policies side by side, indexed so that a request meets only the statements that may be for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from kennel.policy.grammar import PolicyDocument
from kennel.policy.patterns import Template
from kennel.policy.request import AccessRequest
from kennel.policy.statements import Holds, ReadStatement, fits_any, read_statement

__all__ = [
    "Concerned",
    "Entry",
    "MatchedStatement",
    "NamedPolicy",
    "Policies",
    "PolicySet",
    "PolicyType",
]

Context = Mapping[str, tuple[str, ...]]
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_REMEMBERED = 512  # answers that a set remembers, of actions and of requests each


class PolicyType(StrEnum):
    """Kinds of policies, as AWS's denials word them."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    TRUST = "role trust policy"


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy and where it stands: `name` is a managed policy's ARN or an inline policy's name,
    `holder` the ARN of the user, group, role or resource that carries it."""

    type: PolicyType
    name: str
    holder: str
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class MatchedStatement:
    """A statement that decided; `index` counts from 0."""

    policy: NamedPolicy
    index: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement in a set; `place` keeps the order of policies and statements."""

    place: int
    match: MatchedStatement
    read: ReadStatement


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What decides whether statements are about a resource, and whether they hold."""

    templates: tuple[Template, ...]
    excluding: bool
    holds: Holds | None

    def fits(self, resource: str, context: Context) -> bool:
        if fits_any(self.templates, resource, context) is self.excluding:
            return False
        return self.holds is None or self.holds(context)


@dataclass(frozen=True, slots=True)
class Concerned:
    """The statements on an action and a resource, in order: those that name the resource whatever
    the request, and those where it depends on the values of variables. `by_conditions` has the
    former by the test of their conditions (None: they have none), `by_patterns` the latter by
    theirs and by the patterns that the resource could fit, so that what many statements share is
    tested once."""

    surely: tuple[Entry, ...]
    depending: tuple[Entry, ...]
    by_conditions: tuple[tuple[Holds | None, tuple[Entry, ...]], ...]
    by_patterns: tuple[tuple[_Pattern, tuple[Entry, ...]], ...]


class PolicySet:
    """Policies of one kind, read and indexed once: all identity policies of a principal, say.

    Who asks often keeps the set as long as the policies stay the same. What was found for an action
    and a resource is remembered, so that the next request evaluates conditions and variables alone.
    """

    __slots__ = ("_by_action", "_by_request", "_by_vendor", "_elsewhere", "_exact", "policies")

    def __init__(self, policies: Iterable[NamedPolicy]) -> None:
        self.policies = tuple(policies)
        self._exact: dict[str, list[Entry]] = {}  # by action
        self._by_vendor: dict[str, list[Entry]] = {}  # for patterns within one service
        self._elsewhere: list[Entry] = []  # `*`, NotAction
        self._by_action: dict[str, _Entries] = {}
        self._by_request: dict[tuple[str, str], Concerned] = {}
        place = 0
        for policy in self.policies:
            for index, statement in enumerate(policy.document.statements):
                read = read_statement(statement, policy.document.version)
                self._add(Entry(place, MatchedStatement(policy, index), read))
                place += 1

    @classmethod
    def of(cls, policies: PolicySet | Iterable[NamedPolicy]) -> PolicySet:
        """The set of these policies; a set is itself."""
        return policies if isinstance(policies, PolicySet) else cls(policies)

    def __iter__(self) -> Iterator[NamedPolicy]:
        return iter(self.policies)

    def __len__(self) -> int:
        return len(self.policies)

    def matching(self, request: AccessRequest) -> list[Entry]:
        """The statements whose action, resource and conditions fit, in order. Principals are not
        looked at."""
        action, resource, context = request.action.lower(), request.resource, request.context
        found = self._by_request.get((action, resource)) or self._found(action, resource)
        matching: list[Entry] = []
        groups = 0
        for holds, entries in found.by_conditions:
            if holds is None or holds(context):
                matching += entries
                groups += 1
        for pattern, entries in found.by_patterns:
            if pattern.fits(resource, context):
                matching += entries
                groups += 1
        return matching if groups < 2 else sorted(matching, key=_place)

    def concerned(self, action: str, resource: str) -> Concerned:
        """The statements on that action and resource, whatever their conditions."""
        return self._found(action.lower(), resource)

    def _add(self, entry: Entry) -> None:
        if entry.read.excluding_actions:
            self._elsewhere.append(entry)
            return
        for pattern in entry.read.actions:
            vendor, _, name = pattern.partition(":")
            if "*" in vendor or "?" in vendor:
                self._elsewhere.append(entry)
            elif "*" in name or "?" in name:
                self._by_vendor.setdefault(vendor, []).append(entry)
            else:
                self._exact.setdefault(pattern, []).append(entry)

    def _found(self, action: str, resource: str) -> Concerned:
        entries = self._by_action.get(action)
        if entries is None:
            entries = _Entries(self._on(action))
            _remember(self._by_action, action, entries)
        found = entries.on(resource)
        _remember(self._by_request, (action, resource), found)
        return found

    def _on(self, action: str) -> list[Entry]:
        candidates = {entry.place: entry for entry in self._exact.get(action, ())}
        vendor = action.partition(":")[0]
        for entry in (*self._by_vendor.get(vendor, ()), *self._elsewhere):
            if entry.place not in candidates and entry.read.names_action(action):
                candidates[entry.place] = entry
        return [candidates[place] for place in sorted(candidates)]


class _Entries:
    """The statements on one action, by resource: those that name ARNs alone are looked up."""

    __slots__ = ("_by_arn", "_others")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._by_arn: dict[str, list[Entry]] = {}
        self._others: list[Entry] = []
        for entry in entries:
            read = entry.read
            if read.fixed or read.varying or read.excluding_resources:
                self._others.append(entry)
            for arn in () if read.excluding_resources else read.exact:
                self._by_arn.setdefault(arn, []).append(entry)

    def on(self, resource: str) -> Concerned:
        surely = {entry.place: entry for entry in self._by_arn.get(resource, ())}
        depending = []
        patterns: dict[_Pattern, list[Entry]] = {}
        for entry in self._others:
            read = entry.read
            named = read.names_resource(resource)
            if named:
                surely[entry.place] = entry
            elif named is None:
                depending.append(entry)
                pattern = _Pattern(read.possible(resource), read.excluding_resources, read.holds)
                patterns.setdefault(pattern, []).append(entry)
        ordered = tuple(surely[place] for place in sorted(surely))
        groups: dict[Holds | None, list[Entry]] = {}
        for entry in ordered:
            groups.setdefault(entry.read.holds, []).append(entry)
        return Concerned(ordered, tuple(depending), _grouped(groups), _grouped(patterns))


def _grouped(groups: dict[_Key, list[Entry]]) -> tuple[tuple[_Key, tuple[Entry, ...]], ...]:
    return tuple((key, tuple(entries)) for key, entries in groups.items())


def _place(entry: Entry) -> int:
    return entry.place


def _remember(memory: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value


@dataclass(frozen=True, slots=True)
class Policies:
    """All that bears on one request.

    `session` is None where nothing narrows the session. `resource` is the resource's own policy; a
    role's trust policy stands there too, with `resource_must_allow`: without its Allow nobody gets
    in, whatever the identity side says. A sequence, or a policy alone, is read at each decision; a
    PolicySet is ready.
    """

    identity: PolicySet | Sequence[NamedPolicy] = ()
    boundary: PolicySet | NamedPolicy | None = None
    session: PolicySet | Sequence[NamedPolicy] | None = None
    resource: PolicySet | NamedPolicy | None = None
    resource_must_allow: bool = False
