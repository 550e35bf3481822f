"""Policies decide over the wire, as AWS's do: identity, boundary, session, trust, pass role."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.conftest import PlaneFactory
from tests.integration.callers import ACCOUNT, Caller, Callers, allow, denied
from tests.integration.functions import Functions
from tests.integration.model_archives import Hosting
from tests.planes import Plane
from tests.roles import policy

INVOKE = "sagemaker:InvokeEndpoint"
ENDPOINT = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/dogs"
OTHER = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/cats"
EVERYTHING = allow("*")

MODEL = """
def model_fn(folder):
    return None

def predict_fn(data, model):
    return data
"""

FUNCTION = """
import boto3

def handler(event, context):
    runtime = boto3.client("sagemaker-runtime")
    try:
        reply = runtime.invoke_endpoint(
            EndpointName="dogs", ContentType="application/json", Body=b"[1]"
        )
    except runtime.exceptions.ClientError as error:
        return {"code": error.response["Error"]["Code"], "message": str(error)}
    return {"answer": reply["Body"].read().decode()}
"""


@pytest.fixture(scope="module")
def plane(module_plane_factory: PlaneFactory) -> Plane:
    return module_plane_factory("--iam", "enforce")


@pytest.fixture(scope="module")
def callers(plane: Plane) -> Callers:
    return Callers(plane)


def invoke(caller: Caller, name: str = "dogs") -> Any:
    return caller.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"[1]")


def describe(caller: Caller) -> Any:
    return caller.client("logs").describe_log_groups()


def test_the_seeds_function_invokes_the_endpoint_that_its_role_names(
    plane: Plane, callers: Callers
) -> None:
    hosting = Hosting(plane)
    hosting.deploy("dogs", MODEL)
    functions = Functions(plane)
    role = functions.role_named("seed")
    iam = callers.iam
    iam.delete_role_policy(RoleName="seed", PolicyName="allowed")
    functions.create("seed", FUNCTION, Role=role, Timeout=60)
    hosting.wait("dogs")
    answer = functions.invoke("seed", {})["json"]
    assert answer["code"] == "AccessDeniedException"
    assert answer["message"].endswith(
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/seed/seed is not authorized to perform: "
        f"{INVOKE} on resource: {ENDPOINT} because no identity-based policy allows the "
        f"{INVOKE} action"
    )
    for resource, works in ((ENDPOINT, True), (OTHER, False), (ENDPOINT, True)):
        document = json.dumps(policy(allow(INVOKE, resource)))
        iam.put_role_policy(RoleName="seed", PolicyName="invoke", PolicyDocument=document)
        answer = functions.invoke("seed", {})["json"]
        assert ("answer" in answer) is works
    iam.delete_role_policy(RoleName="seed", PolicyName="invoke")
    assert functions.invoke("seed", {})["json"]["code"] == "AccessDeniedException"


def test_a_user_is_denied_what_no_policy_allows_in_the_words_of_each_service(
    callers: Callers,
) -> None:
    ann = callers.user("ann")
    said = f"User: {ann.arn} is not authorized to perform: "
    none = "because no identity-based policy allows the"
    users = f"arn:aws:iam::{ACCOUNT}:user/"
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:"
    assert (
        denied(lambda: invoke(ann))
        == f"{said}{INVOKE} on resource: {ENDPOINT} {none} {INVOKE} action"
    )
    assert denied(lambda: describe(ann)).startswith(
        f"{said}logs:DescribeLogGroups on resource: {group}"
    )
    assert (
        denied(lambda: ann.client("s3").list_buckets(), "AccessDenied")
        == f"{said}s3:ListAllMyBuckets {none} s3:ListAllMyBuckets action"
    )
    assert (
        denied(lambda: ann.client("iam").list_users(), "AccessDenied")
        == f"{said}iam:ListUsers on resource: {users} {none} iam:ListUsers action"
    )
    assert denied(lambda: ann.client("iam").get_user(), "AccessDenied").startswith(
        f"{said}iam:GetUser on resource: user ann "
    )
    assert denied(lambda: ann.client("cloudwatch").list_metrics(), "AccessDenied") == (
        f"{said}cloudwatch:ListMetrics {none} cloudwatch:ListMetrics action"
    )
    assert denied(lambda: ann.client("lambda").list_functions()).startswith(said)
    assert denied(lambda: ann.client("sagemaker").list_endpoints()).startswith(said)
    assert denied(
        lambda: ann.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="sagemaker"
        )
    ).startswith(f"{said}application-autoscaling:DescribeScalableTargets")
    assert ann.client("sts").get_caller_identity()["Arn"] == ann.arn, "nobody needs to be allowed"


def test_a_policy_counts_from_its_reply_on_and_no_longer_than_it_is_there(
    callers: Callers,
) -> None:
    bob = callers.user("bob")
    for _ in range(3):
        denied(lambda: describe(bob))
        callers.let("bob", allow("logs:Describe*"))
        describe(bob)
        callers.iam.delete_user_policy(UserName="bob", PolicyName="own")


def test_groups_and_managed_policies_allow_and_deny(callers: Callers) -> None:
    cid = callers.user("cid")
    callers.iam.create_group(GroupName="readers")
    arn = callers.managed("read-logs", allow("logs:*"))
    callers.iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
    callers.iam.add_user_to_group(GroupName="readers", UserName="cid")
    describe(cid)
    callers.let("cid", {**allow("logs:*"), "Effect": "Deny"})
    assert denied(lambda: describe(cid)).endswith(
        "with an explicit deny in an identity-based policy"
    )
    callers.iam.delete_user_policy(UserName="cid", PolicyName="own")
    callers.iam.remove_user_from_group(GroupName="readers", UserName="cid")
    denied(lambda: describe(cid))
    aws = "arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess"
    callers.iam.attach_user_policy(UserName="cid", PolicyArn=aws)
    describe(cid)


def test_a_boundary_limits_and_is_named(callers: Callers) -> None:
    arn = callers.managed("bound", allow("s3:*"))
    dot = callers.user("dot", EVERYTHING, PermissionsBoundary=arn)
    dot.client("s3").list_buckets()
    assert denied(lambda: describe(dot)).endswith(
        "because no permissions boundary allows the logs:DescribeLogGroups action"
    )


def test_a_session_policy_limits_one_session(callers: Callers) -> None:
    role = callers.role("worker", EVERYTHING)
    narrow = json.dumps(policy(allow(INVOKE, ENDPOINT)))
    session = callers.session(role, Policy=narrow)
    assert denied(lambda: describe(session)).endswith(
        "because no session policy allows the logs:DescribeLogGroups action"
    )
    assert OTHER in denied(lambda: invoke(session, "cats"))
    managed = "arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess"
    describe(callers.session(role, Policy=narrow, PolicyArns=[{"arn": managed}]))
    describe(callers.session(role))


def test_who_may_assume_a_role_is_said_by_the_role_and_for_the_account_by_the_caller(
    callers: Callers,
) -> None:
    eve = callers.user("eve")
    named = callers.role("for-eve", trusted={"AWS": eve.arn})
    account = callers.role("for-account")
    foreign = callers.role("for-others", trusted={"AWS": "111122223333"})
    service = callers.role("for-services", trusted={"Service": "lambda.amazonaws.com"})
    assert callers.session(named, eve).arn.endswith("assumed-role/for-eve/session")
    for role in (account, foreign, service):
        assert denied(partial(callers.session, role, eve), "AccessDenied") == (
            f"User: {eve.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
        )
    callers.let("eve", allow("sts:AssumeRole"))
    callers.session(account, eve)
    denied(lambda: callers.session(foreign, eve), "AccessDenied")
    denied(lambda: callers.session(service, eve), "AccessDenied")
    callers.let("eve", {**allow("sts:*"), "Effect": "Deny"})
    assert denied(lambda: callers.session(named, eve), "AccessDenied").endswith(
        "with an explicit deny in an identity-based policy"
    )


def test_a_trust_policy_may_ask_for_an_external_id_and_an_address(callers: Callers) -> None:
    role = callers.role("asks")
    trust = policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": ACCOUNT},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": "dog"},
                "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
            },
        }
    )
    callers.iam.update_assume_role_policy(RoleName="asks", PolicyDocument=json.dumps(trust))
    callers.session(role, ExternalId="dog")
    denied(lambda: callers.session(role, ExternalId="cat"), "AccessDenied")
    denied(lambda: callers.session(role), "AccessDenied")


def test_the_sessions_of_a_role_that_is_gone_may_nothing(callers: Callers) -> None:
    role = callers.role("short-lived", EVERYTHING)
    session = callers.session(role)
    describe(session)
    callers.iam.delete_role_policy(RoleName="short-lived", PolicyName="own")
    callers.iam.delete_role(RoleName="short-lived")
    denied(lambda: describe(session))
    callers.role("short-lived", EVERYTHING)
    denied(lambda: describe(session))


def test_a_role_is_passed_by_whom_may_pass_it_to_the_service_that_may_have_it(
    callers: Callers,
) -> None:
    role = callers.role("passed", trusted={"Service": "sagemaker.amazonaws.com"})
    fay = callers.user("fay", allow("sagemaker:*"), allow("s3:*"))
    model = {
        "ModelName": "m",
        "ExecutionRoleArn": role,
        "PrimaryContainer": {"Image": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2"},
    }
    create = fay.client("sagemaker").create_model
    assert denied(lambda: create(**model)) == (
        f"User: {fay.arn} is not authorized to perform: iam:PassRole on resource: {role} "
        "because no identity-based policy allows the iam:PassRole action"
    )
    to: dict[str, Any] = {
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    }
    callers.let("fay", allow("iam:PassRole", role, **to), name="pass")
    denied(lambda: create(**model))
    to = {"Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}
    callers.let("fay", allow("iam:PassRole", role, **to), name="pass")
    create(**model)


def test_conditions_are_asked_of_the_caller_and_the_connection(callers: Callers) -> None:
    gil = callers.user("gil", Tags=[{"Key": "team", "Value": "dogs"}])
    holding: dict[str, dict[str, str]] = {
        "StringEquals": {
            "aws:username": "gil",
            "aws:PrincipalTag/team": "dogs",
            "aws:PrincipalType": "User",
            "aws:PrincipalAccount": ACCOUNT,
            "aws:RequestedRegion": "us-east-1",
            "aws:ResourceAccount": ACCOUNT,
        },
        "ArnEquals": {"aws:PrincipalArn": gil.arn},
        "StringLike": {"aws:userid": "AIDA*", "aws:UserAgent": "*Boto3*"},
        "IpAddress": {"aws:SourceIp": "127.0.0.1"},
        "Bool": {"aws:ViaAWSService": "false", "aws:SecureTransport": "true"},
        "Null": {"aws:TokenIssueTime": "true", "aws:MultiFactorAuthPresent": "true"},
        "DateGreaterThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"},
    }
    callers.let("gil", allow("logs:*", Condition=holding))
    describe(gil)
    for operator, tests in holding.items():
        for key in tests:
            wrong = {**holding, operator: {**tests, key: WRONG[operator][tests[key] == "true"]}}
            callers.let("gil", allow("logs:*", Condition=wrong))
            denied(lambda: describe(gil))


WRONG = {
    "StringEquals": ("x", "x"),
    "StringLike": ("x", "x"),
    "ArnEquals": ("arn:aws:iam::000000000000:user/x", ""),
    "IpAddress": ("10.0.0.0/8", ""),
    "Bool": ("true", "false"),
    "Null": ("true", "false"),
    "DateGreaterThan": ("2999-01-01T00:00:00Z", ""),
}


def test_what_a_service_does_with_its_callers_rights_is_known_as_that(callers: Callers) -> None:
    code = {"S3Bucket": "no-such-bucket", "S3Key": "code.zip"}
    role = callers.role("runs", trusted={"Service": "lambda.amazonaws.com"})
    request = {
        "FunctionName": "f",
        "Role": role,
        "Runtime": "python3.11",
        "Handler": "m.h",
        "Code": code,
    }
    via: dict[str, Any] = {"Condition": {"Bool": {"aws:ViaAWSService": "true"}}}
    hal = callers.user("hal", allow("lambda:*"), allow("iam:PassRole"))
    create = hal.client("lambda").create_function
    kind = "InvalidParameterValueException"
    assert "s3:GetObject" in denied(lambda: create(**request), kind)
    callers.let("hal", allow(["lambda:*", "iam:PassRole"]), allow("s3:GetObject", **via))
    assert "NoSuchBucket" in denied(lambda: create(**request), kind)


def test_kennels_own_pages_are_authorized(plane: Plane, callers: Callers) -> None:
    shown = plane.command("status")
    assert "decide (--iam=enforce)" in shown.stdout
    assert plane.connection.get("/_kennel/decisions")[0] == 200
    ann = callers.user("reader")
    key = callers.iam.create_access_key(UserName="reader")["AccessKey"]
    own = replace(
        plane.connection,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )
    assert own.get("/_kennel/status")[0] == 200
    status, body = own.get("/_kennel/decisions")
    assert (status, f"User: {ann.arn} is not authorized" in body.decode()) == (403, True)
    callers.let("reader", allow("kennel:ListDecisions"))
    assert own.get("/_kennel/decisions")[0] == 200
