"""The evaluation cases that are data: files of facts, a fact of cases.

A file of `tests/policy/cases` names its source, a page of AWS's documentation, and has policies by
name and facts. A fact says in our words what the page does and holds what its cases share; a case
has a name, what differs, and what is to be expected. Both may have

    source                         the page, by its title in `pages.toml`, where it is another than
                                   the file's
    principal                      root, user/NAME, role/NAME/SESSION, service/DNS-NAME, anonymous;
                                   of another account with ACCOUNT: before it
    action, resource, owner        the resource's account where it is another than ours
    context                        values of condition keys, one or a list
    identity, session              names of policies, one or a list
    boundary, bucket, trust        name of one: a boundary, a resource's policy, a trust policy
    condition                      a condition block: an identity policy that allows everything
                                   under it

A policy is a statement, a list of them, or a whole document where its version matters.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kennel.policy import (
    AccessRequest,
    Decision,
    NamedPolicy,
    Policies,
    PolicyKind,
    PolicyType,
    Principal,
    PrincipalKind,
    parse_policy,
)

__all__ = ["ACCOUNT", "Case", "Expected", "read_cases", "read_pages"]

ACCOUNT = "111111111111"
_FOLDER = Path(__file__).parent / "cases"
_DEFAULTS: Mapping[str, Any] = {
    "principal": "user/ada",
    "action": "sagemaker:InvokeEndpoint",
    "resource": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/dogs",
    "owner": ACCOUNT,
}
_KEYS = {*_DEFAULTS, "source", "context", "condition"}
_KEYS |= {"identity", "session", "boundary", "bucket", "trust"}
_EXPECTED = re.compile(r"(allowed|explicit deny|implicit deny)(?:: (\w+))?")


@dataclass(frozen=True, slots=True)
class Expected:
    """What AWS answers; `by` is None where its documentation does not say which policies deny."""

    allowed: bool
    explicit: bool
    by: PolicyType | None

    def agrees(self, decision: Decision) -> bool:
        """Whether a decision is that."""
        return (decision.allowed, decision.explicit) == (self.allowed, self.explicit) and (
            self.by is None or decision.by is self.by
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One request, the policies that bear on it, and the answer."""

    name: str
    source: str
    fact: str
    request: AccessRequest
    policies: Policies
    expected: Expected
    content: str
    """All that the answer depends on, as text: two cases with the same are one."""


def read_cases() -> list[Case]:
    """All cases. Raises for a file that is not as it should be."""
    return [case for path in sorted(_FOLDER.glob("*.toml")) for case in _of_file(path)]


def read_pages() -> dict[str, str]:
    """The pages that were read for the cases: addresses by title."""
    tables = tomllib.loads((_FOLDER.parent / "pages.toml").read_text()).values()
    return {title: address for table in tables for title, address in table.items()}


def _of_file(path: Path) -> Iterator[Case]:
    file = tomllib.loads(path.read_text())
    named: Mapping[str, str] = file.get("policies", {})
    for fact in file["facts"]:
        says, cases = fact.pop("says"), fact.pop("cases")
        for case in cases:
            name, expect = case.pop("name"), case.pop("expect")
            given = {**_DEFAULTS, "source": file.get("source"), **fact, **case}
            given["context"] = {**fact.get("context", {}), **case.get("context", {})}
            strange = given.keys() - _KEYS
            if strange:
                raise ValueError(f"{path.name}: {name}: {sorted(strange)} is unknown")
            yield _case(f"{path.stem}: {name}", says, given, named, expect)


def _case(
    name: str, fact: str, given: Mapping[str, Any], named: Mapping[str, str], expect: str
) -> Case:
    request = AccessRequest(
        principal=_principal(given["principal"]),
        action=given["action"],
        resource=given["resource"],
        resource_account=given["owner"],
        context={key.lower(): tuple(_listed(value)) for key, value in given["context"].items()},
    )
    policies = _policies(given, named)
    content = repr((request, policies))
    return Case(name, given["source"] or "", fact, request, policies, _expected(expect), content)


def _expected(text: str) -> Expected:
    found = _EXPECTED.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no answer")
    by = PolicyType[found[2].upper()] if found[2] else None
    return Expected(found[1] == "allowed", found[1] == "explicit deny", by)


def _policies(given: Mapping[str, Any], named: Mapping[str, str]) -> Policies:
    def read(name: str, type_: PolicyType, kind: PolicyKind = PolicyKind.IDENTITY) -> NamedPolicy:
        return NamedPolicy(type_, name, "holder", parse_policy(_document(named[name]), kind))

    identity = [read(name, PolicyType.IDENTITY) for name in _listed(given.get("identity", []))]
    if "condition" in given:
        allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        allow["Condition"] = json.loads(given["condition"])
        document = parse_policy(_document(json.dumps(allow)), PolicyKind.IDENTITY)
        identity.append(NamedPolicy(PolicyType.IDENTITY, "condition", "holder", document))
    session = given.get("session")
    bucket, trust = given.get("bucket"), given.get("trust")
    resource = read(bucket, PolicyType.RESOURCE, PolicyKind.RESOURCE) if bucket else None
    if trust:
        resource = read(trust, PolicyType.TRUST, PolicyKind.TRUST)
    return Policies(
        identity=identity,
        boundary=read(given["boundary"], PolicyType.BOUNDARY) if "boundary" in given else None,
        session=None
        if session is None
        else [read(name, PolicyType.SESSION) for name in _listed(session)],
        resource=resource,
        resource_must_allow=trust is not None,
    )


def _document(text: str) -> str:
    read = json.loads(text)
    if isinstance(read, dict) and "Statement" in read:
        return text
    return json.dumps({"Version": "2012-10-17", "Statement": read})


def _principal(text: str) -> Principal:
    account, colon, rest = text.rpartition(":")
    account = account if colon else ACCOUNT
    kind, _, name = rest.partition("/")
    match kind:
        case "root":
            return Principal.root(account)
        case "service":
            return Principal.service(account, name)
        case "anonymous":
            return Principal.anonymous()
        case "user":
            arn = f"arn:aws:iam::{account}:user/{name}"
            return Principal(PrincipalKind.USER, account, arn, f"AIDA{name.upper():X<16}")
        case "role":
            role, _, session = name.partition("/")
            arn = f"arn:aws:iam::{account}:role/{role}"
            return Principal.role_session(account, role, f"AROA{role.upper():X<16}", arn, session)
    raise ValueError(f"{text} is no principal")


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
