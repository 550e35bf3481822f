"""From recorded calls to proved policies, without a plane."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kennel.cli.iam.generate.calls import Calls, since_made, sort_calls
from kennel.cli.iam.generate.current import Holder
from kennel.cli.iam.generate.fitting import MANAGED_LIMIT, generate
from kennel.cli.iam.generate.lint import lint
from kennel.cli.iam.generate.proof import new_policies, prove
from kennel.cli.iam.generate.replayed import request_of
from kennel.cli.iam.generate.statements import document_size
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

ROLE = f"arn:aws:iam::{ACCOUNT}:role/trainer"
BUCKET = "arn:aws:s3:::photos"
EVERYTHING = NamedPolicy(
    PolicyType.IDENTITY,
    "everything",
    ROLE,
    parse_policy(
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}', PolicyKind.IDENTITY
    ),
)
HOLDER = Holder("role", "trainer", ROLE, Policies(identity=PolicySet([EVERYTHING])))


def recorded(
    action: str,
    resource: str = "*",
    outcome: Outcome = Outcome.ALLOWED,
    facts: Mapping[str, tuple[str, ...]] | None = None,
    by: PolicyType = PolicyType.IDENTITY,
    **changes: Any,
) -> RecordedDecision:
    return RecordedDecision(
        id=changes.pop("id", hash((action, resource, outcome, str(facts))) & 0xFFFFFF),
        holder=ROLE,
        action=action,
        resource=resource,
        resource_account=ACCOUNT,
        outcome=outcome,
        principal=session("trainer"),
        count=1,
        first=1e9,
        last=1e9,
        facts=dict(facts or {}),
        reason=Reason(by=str(by)),
        **changes,
    )


def statements(calls: Iterable[RecordedDecision], **options: Any) -> list[dict[str, Any]]:
    (document,) = generate(sort_calls(calls), MANAGED_LIMIT, **options).documents
    return list(document["Statement"])


def test_actions_on_the_same_resources_share_a_statement_with_a_name_that_reads_well():
    calls = [recorded(f"s3:{verb}Object", f"{BUCKET}/model") for verb in ("Get", "Put")]
    calls.append(recorded("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:r:{ACCOUNT}:endpoint/e"))
    assert statements(calls) == [
        {
            "Sid": "S3ReadWriteObject",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": f"{BUCKET}/model",
        },
        {
            "Sid": "SageMakerInvokeEndpoint",
            "Effect": "Allow",
            "Action": "sagemaker:InvokeEndpoint",
            "Resource": f"arn:aws:sagemaker:r:{ACCOUNT}:endpoint/e",
        },
    ]


def test_a_role_is_passed_to_the_services_that_it_was_passed_to():
    role = f"arn:aws:iam::{ACCOUNT}:role/job"
    (made,) = statements(
        [
            recorded(
                "iam:PassRole", role, facts={"iam:passedtoservice": (f"{name}.amazonaws.com",)}
            )
            for name in ("sagemaker", "lambda")
        ]
    )
    assert made["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]}
    }


def test_a_listing_is_bound_to_its_prefixes_unless_one_call_had_none():
    prefixed = recorded("s3:ListBucket", BUCKET, facts={"s3:prefix": ("data/",)})
    (made,) = statements([prefixed])
    assert made["Condition"] == {"StringEquals": {"s3:prefix": "data/"}}
    (made,) = statements([prefixed, recorded("s3:ListBucket", BUCKET)])
    assert "Condition" not in made


def test_a_metric_is_bound_to_its_namespace():
    facts = {"cloudwatch:namespace": ("Jobs",)}
    (made,) = statements([recorded("cloudwatch:PutMetricData", facts=facts)])
    assert made["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Jobs"}}


def test_what_the_record_folded_stays_a_pattern_even_if_exact():
    folded = recorded("s3:GetObject", f"{BUCKET}/train/*", folded=True)
    one_of_it = recorded("s3:GetObject", f"{BUCKET}/train/1")
    (made,) = statements([folded, one_of_it], exact=True)
    assert made["Resource"] == f"{BUCKET}/train/*"


def test_denied_calls_are_left_out_and_stay_denied_unless_asked_for():
    calls = [
        recorded("s3:GetObject", f"{BUCKET}/a"),
        recorded("s3:GetObject", f"{BUCKET}/b", Outcome.DENIED),
        recorded("s3:GetObject", f"{BUCKET}/c", Outcome.OBSERVED),
    ]
    (made,) = statements(calls)
    assert made["Resource"] == [f"{BUCKET}/a", f"{BUCKET}/c"]
    assert len(sort_calls(calls, with_denied=True).wanted) == 3


def test_a_call_that_was_denied_once_and_allowed_later_does_not_stand_in_the_way():
    calls = sort_calls(
        [
            recorded("s3:GetObject", f"{BUCKET}/a", Outcome.DENIED),
            recorded("s3:GetObject", f"{BUCKET}/a"),
        ]
    )
    assert (len(calls.refused), len(calls.settled)) == (0, 1)


def test_what_a_bucket_policy_allows_needs_no_policy_of_the_roles():
    calls = sort_calls([recorded("s3:GetObject", f"{BUCKET}/a", by=PolicyType.RESOURCE)])
    assert not calls.wanted
    assert len(calls.elsewhere) == 1


def test_an_action_that_takes_no_resource_is_granted_on_all():
    made = generate(sort_calls([recorded("s3:ListAllMyBuckets", "arn:aws:s3:::*")]), MANAGED_LIMIT)
    assert made.documents[0]["Statement"][0]["Resource"] == "*"
    assert lint(made.documents, HOLDER) == []
    assert not made.granted.reasons


def test_what_an_explicit_deny_covers_is_never_granted():
    observed = recorded("s3:GetObject", f"{BUCKET}/a", Outcome.OBSERVED)
    reason = Reason(by=str(PolicyType.RESOURCE), explicit=True)
    denied = msgspec.structs.replace(observed, reason=reason)
    for with_denied in (False, True):
        calls = sort_calls([denied], with_denied=with_denied)
        assert (list(calls.wanted), list(calls.refused)) == ([], [denied])


def test_calls_of_a_deleted_namesake_do_not_count():
    assert since_made([recorded("s3:GetObject", f"{BUCKET}/a")], 1e9 + 1) == []


def test_many_resources_fold_until_one_policy_is_enough():
    calls = sort_calls(
        recorded("s3:GetObject", f"{BUCKET}/{folder}/{'x' * 40}/{name}")
        for folder in range(100)
        for name in "ab"
    )
    made = generate(calls, MANAGED_LIMIT)
    assert len(made.documents) == 1
    assert "folded further" in made.notes[0]


def test_exact_resources_that_are_too_many_make_several_policies_within_the_limit():
    calls = sort_calls(
        recorded("s3:GetObject", f"{BUCKET}/{'x' * 40}/{number}") for number in range(300)
    )
    made = generate(calls, MANAGED_LIMIT, exact=True)
    assert len(made.documents) > 1
    assert max(map(document_size, made.documents)) <= MANAGED_LIMIT
    assert prove(calls, made.documents, HOLDER).holds


def test_the_proof_counts_what_was_granted_before_and_after():
    calls = sort_calls([recorded("s3:GetObject", f"{BUCKET}/a")])
    proof = prove(calls, generate(calls, MANAGED_LIMIT).documents, HOLDER)
    assert proof.holds
    assert proof.before is not None
    assert proof.before.actions > 10_000
    assert (proof.after.actions, proof.after.grants) == (1, 1)
    assert proof.near_misses > 10
    assert proof.old_near_misses == proof.near_misses


def test_the_proof_tells_of_a_policy_that_is_too_narrow():
    calls = sort_calls([recorded("s3:GetObject", f"{BUCKET}/a"), recorded("s3:PutObject", BUCKET)])
    documents = copy.deepcopy(list(generate(calls, MANAGED_LIMIT).documents))
    del documents[0]["Statement"][0]
    proof = prove(calls, documents, HOLDER)
    assert not proof.holds
    assert len(proof.lost) == 1


def test_the_proof_tells_of_a_policy_that_opens_what_was_denied():
    calls = sort_calls(
        [
            recorded("s3:GetObject", f"{BUCKET}/a"),
            recorded("s3:GetObject", f"{BUCKET}/secret", Outcome.DENIED),
        ]
    )
    documents = copy.deepcopy(list(generate(calls, MANAGED_LIMIT).documents))
    documents[0]["Statement"][0]["Resource"] = f"{BUCKET}/*"
    proof = prove(calls, documents, HOLDER)
    assert [one.resource for one in proof.opened] == [f"{BUCKET}/secret"]


def test_what_the_boundary_denies_is_told_apart_from_what_is_lost():
    boundary = NamedPolicy(
        PolicyType.BOUNDARY,
        "only-s3",
        ROLE,
        parse_policy(
            '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}',
            PolicyKind.IDENTITY,
        ),
    )
    holder = Holder("role", "trainer", ROLE, Policies(boundary=boundary))
    calls = sort_calls([recorded("s3:GetObject", f"{BUCKET}/a"), recorded("sqs:ListQueues")])
    proof = prove(calls, generate(calls, MANAGED_LIMIT).documents, holder)
    assert proof.holds
    assert [one.action for one in proof.bounded] == ["sqs:ListQueues"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ({"Action": "s3:GetObjects", "Resource": f"{BUCKET}/a"}, "no action s3:GetObjects"),
        ({"Action": "s3:GetObject", "Resource": BUCKET}, "is none of these"),
        ({"Action": "s3:GetObject", "Resource": "*"}, "could name its resource"),
        ({"Action": "s3:ListAllMyBuckets", "Resource": BUCKET}, "never fits"),
        ({"Action": "iam:ListRoles", "Resource": "arn:aws:iam::1:user/"}, "never fits"),
        (
            {
                "Action": "s3:GetObject",
                "Resource": f"{BUCKET}/a",
                "Condition": {"StringEquals": {"iam:PassedToService": "x"}},
            },
            "no condition key iam:PassedToService",
        ),
        ({"Action": "s3:GetObject", "Resource": "photos"}, "IAM refuses the policy"),
    ],
)
def test_lint_finds(statement, said):
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "x", "Effect": "Allow", **statement}],
    }
    assert said in " ".join(lint([document], HOLDER))


def test_lint_has_nothing_to_say_of_what_is_right():
    (made,) = generate(sort_calls([recorded("s3:GetObject", f"{BUCKET}/a")]), 6144).documents
    assert lint([made], HOLDER) == []


def test_lint_finds_what_an_audit_would():
    calls = [recorded("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/*", folded=True)]
    (made,) = generate(sort_calls(calls), MANAGED_LIMIT).documents
    assert "administrator" in " ".join(lint([made], HOLDER))


actions = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "iam:PassRole"])
keys = st.text("ab1/*$?{}", min_size=1, max_size=6).map(lambda key: f"{BUCKET}/{key}")
facts = st.sampled_from(
    [{}, {"s3:prefix": ("a/",)}, {"s3:prefix": ("b/",)}, {"iam:passedtoservice": ("x",)}]
)
outcomes = st.sampled_from(Outcome)
records = st.lists(st.tuples(actions, keys, outcomes, facts), min_size=1, max_size=25).map(
    lambda rows: [recorded(*row, id=number) for number, row in enumerate(rows)]
)


def made_of(rows: list[RecordedDecision], **options: Any) -> tuple[Calls, list[dict[str, Any]]]:
    calls = sort_calls(rows)
    return calls, list(generate(calls, MANAGED_LIMIT, **options).documents)


@settings(max_examples=25)
@given(records, st.booleans())
def test_every_allowed_call_is_allowed_again_and_every_denied_one_denied(rows, exact):
    calls, documents = made_of(rows, exact=exact)
    if calls.wanted:
        proof = prove(calls, documents, HOLDER)
        assert not proof.lost
        assert not proof.strayed
        # Where the same call was wanted with other facts than those of the denied one, the facts
        # that no condition tells apart can't keep it out.
        wanted = {(one.action, one.resource) for one in calls.wanted}
        assert all((one.action, one.resource) in wanted for one in proof.opened)


@given(records, actions, keys)
def test_exact_allows_nothing_but_what_was_recorded(rows, action, key):
    calls, documents = made_of(rows, exact=True)
    policies = new_policies(documents, HOLDER)
    asked = recorded(action, key, facts={"s3:prefix": ("a/",), "iam:passedtoservice": ("x",)})
    if decide(request_of(asked), policies).allowed:
        assert (action, key) in {(one.action, one.resource) for one in calls.wanted}


@given(records, st.booleans())
def test_nothing_in_the_policy_can_be_left_out(rows, exact):
    calls, documents = made_of(rows, exact=exact)
    for document_at, document in enumerate(documents):
        for statement_at, statement in enumerate(document["Statement"]):
            for element in ("Action", "Resource"):
                values = statement[element]
                for value in values if isinstance(values, list) else [values]:
                    less = copy.deepcopy(documents)
                    there = less[document_at]["Statement"]
                    rest = [one for one in values if one != value] if values != value else []
                    if rest:
                        there[statement_at][element] = rest
                    else:
                        del there[statement_at]
                    left = [one for one in less if one["Statement"]]
                    policies = new_policies(left, HOLDER)
                    assert any(
                        not decide(request_of(one), policies).allowed for one in calls.wanted
                    ), (element, value)


def test_lint_takes_listings_on_the_path_that_aws_asks_for():
    for action, kind in (("iam:ListRoles", "role"), ("iam:ListPolicies", "policy")):
        resource = f"arn:aws:iam::000000000000:{kind}/"
        made = {"Sid": "x", "Effect": "Allow", "Action": action, "Resource": resource}
        assert lint([{"Version": "2012-10-17", "Statement": [made]}], HOLDER) == []
