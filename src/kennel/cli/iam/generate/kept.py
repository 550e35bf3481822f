"""What old policies say besides names, and new ones go on saying: under which conditions, for which
values of variables, and what is denied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kennel.cli.errors import CommandError
from kennel.cli.iam.generate.calls import Calls
from kennel.cli.iam.generate.conditions import Condition, Scope
from kennel.cli.iam.generate.current import Holder
from kennel.cli.iam.generate.replayed import as_user, request_of
from kennel.cli.iam.generate.statements import Denial
from kennel.decisions import Outcome, RecordedDecision
from kennel.policy import AccessRequest, PolicySet, Statement
from kennel.policy.context_keys import context_keys
from kennel.policy.grammar import PolicyDocument
from kennel.policy.patterns import VERSION_WITH_VARIABLES, read_template
from kennel.policy.policies import Entry
from kennel.policy.statements import fits_any

__all__ = ["Kept", "keep"]


@dataclass(frozen=True, slots=True)
class Kept:
    """`scopes` are by the lines' id, of those that only a condition or a variable let pass; `notes`
    are sentences on all of it."""

    scopes: Mapping[int, Scope] = field(default_factory=dict)
    denials: Sequence[Denial] = ()
    notes: Sequence[str] = ()


def keep(calls: Calls, holder: Holder) -> tuple[Calls, Kept]:
    """The calls without those that today's Denys cover, and what is kept for the others. Raises
    CommandError where the new policy would be wider in context than the old one."""
    old = PolicySet.of(holder.policies.identity)
    scopes: dict[int, Scope] = {}
    notes: dict[str, None] = {}  # each once, in order
    wanted: list[RecordedDecision] = []
    covered: list[RecordedDecision] = []
    for one in calls.wanted:
        request = as_user(request_of(one))
        matching = old.matching(request)
        if any(not entry.read.statement.allow for entry in matching):
            covered.append(one)
            continue
        wanted.append(one)
        if any(_is_plain(entry, request) for entry in matching):
            continue
        if matching:
            scopes[one.id] = _scope(matching, request)
            notes[f"Kept: {_context_of(matching[0])} of {_name(matching[0])}."] = None
        elif bound := [x for x in _concerned(old, request) if not _is_plain(x, request)]:
            notes[_unbound(one, bound[0])] = None
    denials = tuple(_denials(old))
    notes |= {f"Kept: the Deny of {name}.": None for name, _ in denials}
    made = Kept(scopes, [denial for _, denial in denials], tuple(notes))
    return replace(calls, wanted=wanted, refused=[*calls.refused, *covered]), made


def _is_plain(entry: Entry, request: AccessRequest) -> bool:
    """Whether a statement that names the resource does so whatever the request's context."""
    return not entry.read.conditions and entry.read.names_resource(request.resource) is True


def _concerned(old: PolicySet, request: AccessRequest) -> list[Entry]:
    found = old.concerned(request.action, request.resource)
    return [x for x in (*found.surely, *found.depending) if x.read.statement.allow]


def _unbound(one: RecordedDecision, entry: Entry) -> str:
    """What is said of a call that no statement allows today, though one would with other values.
    Raises CommandError if it was allowed: nothing then tells under what."""
    what = f"{one.action} on {one.resource}"
    if one.outcome is Outcome.ALLOWED:
        raise CommandError(
            f"{what} was allowed, but today {_name(entry)} has {_context_of(entry)}, for which the "
            "record has no fitting value: let the work run again under today's policies and choose "
            "its calls with --since, or keep that statement by hand."
        )
    return f"Wider: {what} is granted without the {_context_of(entry)} of {_name(entry)}."


def _scope(matching: Sequence[Entry], request: AccessRequest) -> Scope:
    """What the first of the statements that allow asks for. Raises CommandError if a statement can
    not be narrowed to the resource."""
    entry = matching[0]
    statement, version = entry.read.statement, _document(entry).version
    conditions = tuple(_conditions(statement, version))
    if entry.read.names_resource(request.resource) is True:
        return Scope(conditions)
    for text in statement.resources:
        template = read_template(text, version == VERSION_WITH_VARIABLES)
        if fits_any((template,), request.resource, request.context):
            return Scope(conditions, text)
    raise CommandError(
        f"{_name(entry)} allows {request.action} on what its NotResource leaves, with "
        f"{_context_of(entry)}; write it with Resource, then ask again."
    )


def _denials(old: PolicySet) -> Iterator[tuple[str, Denial]]:
    """The Deny statements, each once, with their names."""
    taken: set[str] = set()
    seen: list[dict[str, Any]] = []
    for policy in old:
        for index, statement in enumerate(policy.document.statements):
            elements = {} if statement.allow else _elements(statement, policy.document.version)
            if not elements or elements in seen:
                continue
            seen.append(elements)
            sid, number = statement.sid or "Deny", 2
            while sid in taken:
                sid, number = f"{statement.sid or 'Deny'}{number}", number + 1
            taken.add(sid)
            label = f"{policy.name} {statement.sid or f'#{index}'}"
            yield label, Denial(sid, elements)


def _elements(statement: Statement, version: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, values in (
        ("Action", statement.actions),
        ("NotAction", statement.not_actions),
        ("Resource", tuple(_text(x, version) for x in statement.resources)),
        ("NotResource", tuple(_text(x, version) for x in statement.not_resources)),
    ):
        if values:
            made[name] = values[0] if len(values) == 1 else list(values)
    for one in _conditions(statement, version):
        tests = made.setdefault("Condition", {}).setdefault(one.operator, {})
        tests[one.key] = list(one.values)
    return made


def _conditions(statement: Statement, version: str) -> Iterator[Condition]:
    for operator, tests in statement.conditions.items():
        for key, values in tests.items():
            yield Condition(operator, key, tuple(_text(value, version) for value in values))


def _text(text: str, version: str) -> str:
    """As a policy of the version with variables has it: in older ones `${` is text."""
    return text if version == VERSION_WITH_VARIABLES else text.replace("${", "${$}{")


def _name(entry: Entry) -> str:
    policy = entry.match.policy
    return f"the statement {policy.name} {entry.read.statement.sid or f'#{entry.match.index}'}"


def _context_of(entry: Entry) -> str:
    document = PolicyDocument(_document(entry).version, (entry.read.statement,))
    return "the conditions and variables on " + ", ".join(context_keys([document]))


def _document(entry: Entry) -> PolicyDocument:
    return entry.match.policy.document
