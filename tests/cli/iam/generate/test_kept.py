"""What old policies say of the context of calls, new ones say too."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from kennel.cli.errors import CommandError
from kennel.cli.iam.generate.calls import Calls, sort_calls
from kennel.cli.iam.generate.current import Holder
from kennel.cli.iam.generate.fitting import MANAGED_LIMIT, generate
from kennel.cli.iam.generate.kept import Kept, keep
from kennel.cli.iam.generate.lint import lint
from kennel.cli.iam.generate.proof import Proof, new_policies, prove
from kennel.cli.iam.generate.replayed import request_of
from kennel.cli.iam.generate.report import advice
from kennel.decisions import Outcome, Reason, RecordedDecision
from kennel.policy import (
    NamedPolicy,
    Policies,
    PolicyKind,
    PolicySet,
    PolicyType,
    decide,
    parse_policy,
)
from tests.recorded import ACCOUNT, session

ROLE = f"arn:aws:iam::{ACCOUNT}:role/tagged"
OBJECTS = "arn:aws:s3:::my-own"
WHO = "aws:PrincipalTag/who"
OWN = {"Sid": "Own", "Action": "s3:GetObject", "Resource": f"{OBJECTS}/${{{WHO}}}/*"}
HOME = {
    "Sid": "Home",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
}
GUARD = {
    "Effect": "Deny",
    "NotAction": "s3:GetObject",
    "Resource": f"{OBJECTS}/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def holder(*statements: dict[str, Any], version: str = "2012-10-17") -> Holder:
    document = {"Version": version, "Statement": [{"Effect": "Allow", **x} for x in statements]}
    parsed = parse_policy(json.dumps(document), PolicyKind.IDENTITY)
    policy = NamedPolicy(PolicyType.IDENTITY, "old", ROLE, parsed)
    return Holder("role", "tagged", ROLE, Policies(identity=PolicySet([policy])))


def call(
    resource: str,
    outcome: Outcome = Outcome.ALLOWED,
    action: str = "s3:GetObject",
    **facts: str,
) -> RecordedDecision:
    named: dict[str, tuple[str, ...]] = {
        key.replace("_", ":"): (value,) for key, value in facts.items()
    }
    if "who" in named:
        named[WHO.lower()] = named.pop("who")
    return RecordedDecision(
        id=hash((resource, outcome, action, str(facts))) & 0xFFFFFF,
        holder=ROLE,
        action=action,
        resource=resource,
        resource_account=ACCOUNT,
        outcome=outcome,
        principal=session("tagged"),
        count=1,
        first=1e9,
        last=1e9,
        facts=named,
        reason=Reason(by=str(PolicyType.IDENTITY)),
    )


def made(
    calls: Iterable[RecordedDecision], old: Holder
) -> tuple[list[dict[str, Any]], Proof, Kept, Calls]:
    kept_calls, kept = keep(sort_calls(calls), old)
    generated = generate(kept_calls, MANAGED_LIMIT, kept)
    (document,) = generated.documents
    assert lint([document], old) == []
    return document["Statement"], prove(kept_calls, [document], old), kept, kept_calls


def allows(statements: list[dict[str, Any]], asked: RecordedDecision) -> bool:
    document = {"Version": "2012-10-17", "Statement": statements}
    return decide(request_of(asked), new_policies([document], holder(OWN))).allowed


def test_a_pattern_with_a_variable_stays_one():
    calls = [
        call(f"{OBJECTS}/ann/x", who="ann"),
        call(f"{OBJECTS}/bob/x", Outcome.DENIED, who="ann"),
    ]
    statements, proof, kept, _ = made(calls, holder(OWN))
    assert [(one["Action"], one["Resource"]) for one in statements] == [
        ("s3:GetObject", OWN["Resource"])
    ]
    assert proof.holds
    assert proof.context_misses > 0
    assert "old Own" in kept.notes[0]
    assert allows(statements, call(f"{OBJECTS}/bob/x", who="bob"))
    assert not allows(statements, call(f"{OBJECTS}/ann/x", who="bob"))


def test_a_condition_stays_and_the_resource_is_the_one_that_was_used():
    calls = [call(f"{OBJECTS}/x", aws_sourceip="192.0.2.7")]
    statements, proof, kept, _ = made(calls, holder(HOME))
    (allow,) = statements
    assert allow["Action"] == "s3:GetObject"
    assert allow["Resource"] == f"{OBJECTS}/x"
    assert allow["Condition"] == HOME["Condition"]
    assert proof.holds
    assert "aws:SourceIp" in kept.notes[0]


def test_a_statement_without_condition_that_allows_it_anyway_needs_none():
    plain = {"Action": "s3:Get*", "Resource": "*"}
    calls = [call(f"{OBJECTS}/x", aws_sourceip="192.0.2.7")]
    (allow,), proof, kept, _ = made(calls, holder(HOME, plain))
    assert "Condition" not in allow
    assert proof.holds
    assert not kept.notes


def test_no_wildcard_frees_another_resource_of_its_condition():
    plain = {"Action": "s3:GetObject", "Resource": [f"{OBJECTS}/f/{n}" for n in "abcdef"]}
    calls = [call(f"{OBJECTS}/f/{n}") for n in "abcdef"]
    calls.append(call(f"{OBJECTS}/f/x", aws_sourceip="192.0.2.7"))
    statements, proof, _, _ = made(calls, holder(HOME, plain))
    assert proof.holds
    assert sorted("Condition" in one for one in statements) == [False, True]


def test_what_was_only_let_pass_does_not_free_the_same_call_of_its_condition():
    calls = [
        call(f"{OBJECTS}/x", aws_sourceip="192.0.2.7"),
        call(f"{OBJECTS}/x", Outcome.OBSERVED, aws_sourceip="198.51.100.9"),
    ]
    _, proof, _, sorted_ = made(calls, holder(HOME))
    assert not proof.holds
    assert "let pass by --iam=observe" in advice(sorted_, proof)


def test_denys_are_carried_over_and_named():
    plain = {"Action": "*", "Resource": "*"}
    calls = [call(f"{OBJECTS}/x", aws_securetransport="true")]
    statements, proof, kept, _ = made(calls, holder(plain, GUARD, GUARD))
    assert statements[-1] == {
        **GUARD,
        "Sid": "Deny",
        "Condition": {"Bool": {"aws:SecureTransport": ["false"]}},
    }
    assert len(statements) == 2
    assert kept.notes == ("Kept: the Deny of old #1.",)
    assert proof.holds


def test_what_todays_deny_covers_is_not_granted():
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"{OBJECTS}/secret"}
    plain = {"Action": "*", "Resource": "*"}
    calls = [call(f"{OBJECTS}/x"), call(f"{OBJECTS}/secret", Outcome.OBSERVED)]
    statements, proof, _, sorted_ = made(calls, holder(plain, deny))
    assert statements[0]["Resource"] == f"{OBJECTS}/x"
    assert [one.resource for one in sorted_.refused] == [f"{OBJECTS}/secret"]
    assert proof.holds


def test_denied_with_one_tag_and_allowed_with_another_stays_so():
    team = {
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {"StringEquals": {WHO: "red"}},
    }
    calls = [
        call(f"{OBJECTS}/x", who="red"),
        call(f"{OBJECTS}/x", Outcome.DENIED, who="blue"),
    ]
    (allow,), proof, _, _ = made(calls, holder(team))
    assert allow["Condition"] == {"StringEquals": {WHO: "red"}}
    assert proof.holds


def test_where_no_statement_tells_denied_from_allowed_the_key_is_named():
    calls = [
        call(f"{OBJECTS}/x", who="red"),
        call(f"{OBJECTS}/x", Outcome.DENIED, who="blue"),
    ]
    _, proof, _, sorted_ = made(calls, holder({"Action": "s3:*", "Resource": "*"}))
    assert not proof.holds
    assert "aws:principaltag/who alone" in advice(sorted_, proof)


def test_an_allowed_call_whose_context_the_record_lacks_is_refused_in_words():
    with pytest.raises(CommandError) as error:
        keep(sort_calls([call(f"{OBJECTS}/x")]), holder(HOME))
    for said in ("old Home", "aws:SourceIp", "--since"):
        assert said in str(error.value)


def test_a_variable_in_notresource_is_refused_in_words():
    statement = {"Action": "s3:GetObject", "NotResource": f"{OBJECTS}/${{{WHO}}}/*"}
    with pytest.raises(CommandError, match="old #0 allows"):
        keep(sort_calls([call(f"{OBJECTS}/bob/x", who="ann")]), holder(statement))


def test_what_was_only_let_pass_is_granted_and_said_to_be_wider():
    statements, _, kept, _ = made([call(f"{OBJECTS}/x", Outcome.OBSERVED)], holder(HOME))
    assert "Condition" not in statements[0]
    assert kept.notes[0].startswith("Wider: s3:GetObject")


def test_near_misses_in_context_find_a_condition_that_is_lost():
    old = holder(HOME)
    calls = sort_calls([call(f"{OBJECTS}/x", aws_sourceip="192.0.2.7")])
    proof = prove(calls, generate(calls, MANAGED_LIMIT).documents, old)
    assert not proof.holds
    assert proof.strayed_in_context


def test_a_condition_is_narrowed_to_the_values_that_were_used():
    services = ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]
    passing = {
        "Action": "iam:PassRole",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": services}},
    }
    asked = call(f"arn:aws:iam::{ACCOUNT}:role/job", action="iam:PassRole")
    asked = msgspec.structs.replace(asked, facts={"iam:passedtoservice": (services[1],)})
    (allow,), proof, _, _ = made([asked], holder(passing))
    assert allow["Condition"] == {"StringEquals": {"iam:PassedToService": services[1]}}
    assert proof.holds


def test_made_again_under_itself_the_policy_is_the_same():
    calls = [call(f"{OBJECTS}/ann/x", who="ann"), call("arn:aws:s3:::b/x")]
    first, *_ = made(calls, holder(OWN, {"Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}, GUARD))
    again, *_ = made(calls, holder(*first))
    assert again == first


def test_what_an_older_version_of_the_language_takes_as_text_stays_text():
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": f"{OBJECTS}/${{x}}"}
    old = holder({"Action": "s3:*", "Resource": "*"}, deny, version="2008-10-17")
    statements, *_ = made([call(f"{OBJECTS}/x")], old)
    assert statements[-1]["Resource"] == f"{OBJECTS}/${{$}}{{x}}"
