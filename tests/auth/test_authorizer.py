"""Every authenticated call is let through and written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from kennel.auth import Decision, RecordingAuthorizer, Usage
from kennel.auth.actions import iam_action
from kennel.errors import AwsError
from kennel.identity import Principal
from kennel.services import Context, Dispatcher

ROOT = Principal.root("000011112222")
ROLE = "arn:aws:iam::000011112222:role/job"


def _context(authorizer: RecordingAuthorizer, principal: Principal) -> Context:
    return Dispatcher(authorizer, "us-east-1", "000011112222").context(principal)


def test_an_authenticated_caller_is_let_through_and_recorded() -> None:
    authorizer = RecordingAuthorizer(now=lambda: 5.0)
    authorizer.authorize(_context(authorizer, ROOT), "s3", "ListObjectsV2", {})
    assert authorizer.decisions() == [Decision(5.0, ROOT.arn, "s3:ListBucket", True)]


@pytest.mark.parametrize(
    ("service", "code"),
    [("s3", "AccessDenied"), ("sts", "AccessDenied"), ("sagemaker", "AccessDeniedException")],
)
def test_the_anonymous_caller_is_refused_and_recorded(service: str, code: str) -> None:
    authorizer = RecordingAuthorizer()
    context = _context(authorizer, Principal.anonymous())
    with pytest.raises(AwsError) as caught:
        authorizer.authorize(context, service, "AssumeRoleWithWebIdentity", {})
    assert (caught.value.code, caught.value.status) == (code, 403)
    assert [decision.allowed for decision in authorizer.decisions()] == [False]


def test_a_roles_sessions_count_as_the_role() -> None:
    authorizer = RecordingAuthorizer()
    for session in ("one", "two"):
        principal = Principal.role_session("000011112222", "job", "AROA", ROLE, session)
        authorizer.authorize(_context(authorizer, principal), "s3", "GetObject", {})
    assert authorizer.usage() == [Usage(ROLE, "s3:GetObject", True, 2)]
    assert {one.principal_arn.rpartition("/")[2] for one in authorizer.decisions()} == {
        "one",
        "two",
    }


def test_no_call_is_lost_between_threads() -> None:
    authorizer = RecordingAuthorizer()
    context = _context(authorizer, ROOT)

    def call_often() -> None:
        for _ in range(500):
            authorizer.authorize(context, "s3", "GetObject", {})

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(call_often)
    assert authorizer.usage() == [Usage(ROOT.arn, "s3:GetObject", True, 4_000)]


def test_the_record_is_bounded_and_the_counts_are_not() -> None:
    authorizer = RecordingAuthorizer()
    context = _context(authorizer, ROOT)
    for _ in range(10_001):
        authorizer.authorize(context, "s3", "GetObject", {})
    assert len(authorizer.decisions()) == 10_000
    assert authorizer.usage()[0].count == 10_001


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("sagemaker-runtime", "InvokeEndpoint", "sagemaker:InvokeEndpoint"),
        ("lambda", "Invoke", "lambda:InvokeFunction"),
        ("s3", "HeadObject", "s3:GetObject"),
        ("s3", "UploadPart", "s3:PutObject"),
        ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        ("iam", "PassRole", "iam:PassRole"),
        ("cloudwatch", "PutMetricData", "cloudwatch:PutMetricData"),
    ],
)
def test_actions_have_iams_names(service: str, operation: str, action: str) -> None:
    assert iam_action(service, operation) == action
