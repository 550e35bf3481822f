"""`kennel iam generate` over the wire: real roles, real calls, real policies."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.planes import Plane
from tests.roles import policy

ROLE = "reader"
TRUST = policy(
    {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
        "Action": "sts:AssumeRole",
    }
)
WIDE = policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


@pytest.fixture(scope="module")
def plane(module_plane_factory) -> Plane:
    made: Plane = module_plane_factory("--iam", "enforce")
    return made


@pytest.fixture(scope="module")
def read(plane) -> Any:
    """S3 as a role that may do everything with it and has read one object; once it was denied."""
    iam, s3 = plane.client("iam"), plane.client("s3")
    s3.create_bucket(Bucket="photos")
    for key in ("one", "two"):
        s3.put_object(Bucket="photos", Key=key, Body=b"x")
    made = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    iam.put_role_policy(RoleName=ROLE, PolicyName="wide", PolicyDocument=json.dumps(WIDE))
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=READ_ONLY)
    # The trust policy lets the account in; the root may not assume roles, a user may.
    iam.create_user(UserName="ada")
    allowed = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": made["Arn"]})
    iam.put_user_policy(UserName="ada", PolicyName="a", PolicyDocument=json.dumps(allowed))
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    sts = _client(plane, "sts", key["AccessKeyId"], key["SecretAccessKey"])
    session = sts.assume_role(RoleArn=made["Arn"], RoleSessionName="test")["Credentials"]
    s3 = _client(
        plane,
        "s3",
        session["AccessKeyId"],
        session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    s3.get_object(Bucket="photos", Key="one")
    with pytest.raises(ClientError, match="AccessDenied"):
        _client(
            plane,
            "iam",
            session["AccessKeyId"],
            session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        ).list_users()
    return s3


def _client(plane: Plane, service: str, key: str, secret: str, **options: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=plane.url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        **options,
    )


def test_the_policy_names_what_was_used_and_goes_to_standard_output_alone(plane, read):
    answer = plane.command("iam", "generate", ROLE)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["Statement"] == [
        {
            "Sid": "S3GetObject",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::photos/one",
        }
    ]
    assert "1 action on 1 resource, from 1 call between 20" in answer.stderr
    assert "What was denied stays denied: 1 call" in answer.stderr
    assert "every denied one stays denied" in answer.stderr
    assert f"aws iam put-role-policy --role-name {ROLE}" in answer.stderr
    assert f"detach-role-policy --role-name {ROLE} --policy-arn {READ_ONLY}" in answer.stderr


def test_the_report_has_the_figures_of_the_proof(plane, read):
    report = json.loads(plane.command("iam", "generate", ROLE, "--json").stdout)
    assert report["proof"]["holds"]
    assert report["after"] == {"actions": 1, "grants": 1}
    assert report["before"]["actions"] > 100
    assert report["proof"]["near_misses_allowed_by_old"] > 0
    assert report["proof"]["near_misses_allowed_by_new"] == []


def test_denied_calls_come_in_when_asked_for(plane, read):
    answer = plane.command("iam", "generate", ROLE, "--with-denied", "--explain")
    actions = {one["Action"] for one in json.loads(answer.stdout)["Statement"]}
    assert actions == {"s3:GetObject", "iam:ListUsers"}
    assert "1 x s3:GetObject arn:aws:s3:::photos/one" in answer.stderr


def test_a_user_and_the_root_have_policies_made_too(plane, read):
    (made,) = json.loads(plane.command("iam", "generate", "user/ada").stdout)["Statement"]
    assert made["Action"] == "sts:AssumeRole"
    answer = plane.command("iam", "generate", "root")
    assert answer.returncode == 0, answer.stderr
    assert "iam:CreateRole" in answer.stdout
    assert "The root needs no policy" in answer.stderr


def test_a_role_that_is_gone_can_still_have_a_policy_made(plane, read):
    iam = plane.client("iam")
    iam.delete_user_policy(UserName="ada", PolicyName="a")
    for key in iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="ada")
    answer = plane.command("iam", "generate", "ada")
    assert answer.returncode == 0, answer.stderr
    assert "sts:AssumeRole" in answer.stdout
    assert "it was deleted" in answer.stderr
    refused = plane.command("iam", "generate", "ada", "--apply")
    assert refused.returncode == 2
    assert "was deleted" in refused.stderr


def test_a_tags_variable_and_a_deny_outlive_apply(plane, read):
    iam, root = plane.client("iam"), plane.client("s3")
    iam.create_user(UserName="eve")
    arn = iam.create_role(
        RoleName="tagged",
        AssumeRolePolicyDocument=json.dumps(
            policy(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::000000000000:user/eve"},
                    "Action": ["sts:AssumeRole", "sts:TagSession"],
                }
            )
        ),
    )["Role"]["Arn"]
    own = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::photos/${aws:PrincipalTag/who}/*",
    }
    guard = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}
    for name, statement in (("own", own), ("guard", guard)):
        iam.put_role_policy(
            RoleName="tagged", PolicyName=name, PolicyDocument=json.dumps(policy(statement))
        )
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    sts = _client(plane, "sts", key["AccessKeyId"], key["SecretAccessKey"])

    def reading(who: str, folder: str) -> Any:
        session = sts.assume_role(
            RoleArn=arn, RoleSessionName=who, Tags=[{"Key": "who", "Value": who}]
        )["Credentials"]
        keys = session["AccessKeyId"], session["SecretAccessKey"]
        s3 = _client(plane, "s3", *keys, aws_session_token=session["SessionToken"])
        return s3.get_object(Bucket="photos", Key=f"{folder}/x")

    for folder in ("ann", "bob"):
        root.put_object(Bucket="photos", Key=f"{folder}/x", Body=b"x")
    reading("ann", "ann")
    with pytest.raises(ClientError, match="AccessDenied"):
        reading("ann", "bob")
    answer = plane.command("iam", "generate", "tagged", "--apply")
    assert answer.returncode == 0, answer.stderr
    assert "Kept: the Deny of guard #0." in answer.stderr
    assert [one["Effect"] for one in json.loads(answer.stdout)["Statement"]] == ["Allow", "Deny"]
    reading("bob", "bob")
    with pytest.raises(ClientError, match="AccessDenied"):
        reading("bob", "ann")


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (["nobody"], 1, "No call of nobody is recorded"),
        (["nobody"], 1, "There is no role or user nobody."),
        ([ROLE, "ada"], 2, "one at a time"),
        ([ROLE, "--since", "2100-01-01"], 1, "in that time"),
        ([ROLE, "--since", "soon"], 2, "--since"),
        ([ROLE, "--since", "2026-01-02", "--until", "2026-01-01"], 2, "--until"),
    ],
)
def test_what_can_not_be_done_is_one_sentence(plane, read, typed, code, said):
    answer = plane.command("iam", "generate", *typed)
    assert (answer.returncode, answer.stdout) == (code, "")
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_applied_it_takes_the_others_places_and_the_same_calls_go_on(plane, read):
    iam = plane.client("iam")
    answer = plane.command("iam", "generate", ROLE, "--apply")
    assert answer.returncode == 0, answer.stderr
    assert "Taking away the inline policy wide" in answer.stderr
    assert iam.list_role_policies(RoleName=ROLE)["PolicyNames"] == ["least-privilege"]
    assert iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"] == []
    assert read.get_object(Bucket="photos", Key="one")["Body"].read() == b"x"
    with pytest.raises(ClientError, match="AccessDenied"):
        read.get_object(Bucket="photos", Key="two")
    again = plane.command("iam", "generate", ROLE)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["Statement"][0]["Resource"] == "arn:aws:s3:::photos/one"


def test_what_was_recorded_outlives_a_plane_that_is_killed(plane, read):
    plane.kill()
    plane.start()
    answer = plane.command("iam", "generate", ROLE)
    assert answer.returncode == 0, answer.stderr
    assert "s3:GetObject" in answer.stdout
