"""Roles, their trust policies, and what hangs on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.services.iam.stage import ACCOUNT, READ_S3, Stage, document, read_document, trust

SAGEMAKER = trust({"Service": "sagemaker.amazonaws.com"})


def test_a_role_is_found_as_it_was_made(stage: Stage) -> None:
    made = stage.call(
        "CreateRole",
        RoleName="job",
        AssumeRolePolicyDocument=SAGEMAKER,
        Path="/service-role/",
        Description="trains",
        MaxSessionDuration=7200,
        Tags=[{"Key": "a", "Value": "b"}],
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/service-role/job"
    assert made["RoleId"].startswith("AROA")
    assert read_document(made["AssumeRolePolicyDocument"]) == json.loads(SAGEMAKER)
    found = stage.call("GetRole", RoleName="job")["Role"]
    assert found == made | {"RoleLastUsed": {}}
    assert (found["MaxSessionDuration"], found["Description"]) == (7200, "trains")


def test_roles_outlive_a_restart(tmp_path: Path) -> None:
    with Stage(tmp_path / "state") as first:
        arn = first.role("job", SAGEMAKER)
    with Stage(tmp_path / "state") as second:
        assert second.call("GetRole", RoleName="job")["Role"]["Arn"] == arn


def test_a_role_is_updated(stage: Stage) -> None:
    stage.role("job", SAGEMAKER)
    stage.call("UpdateRole", RoleName="job", Description="new", MaxSessionDuration=43_200)
    stage.call("UpdateRole", RoleName="job")
    found = stage.call("GetRole", RoleName="job")["Role"]
    assert (found["MaxSessionDuration"], found["Description"]) == (43_200, "new")
    shown = stage.call("UpdateRoleDescription", RoleName="job", Description="newer")["Role"]
    assert shown["Description"] == "newer"
    other = trust({"Service": "lambda.amazonaws.com"})
    stage.call("UpdateAssumeRolePolicy", RoleName="job", PolicyDocument=other)
    shown = stage.call("GetRole", RoleName="job")["Role"]
    assert read_document(shown["AssumeRolePolicyDocument"]) == json.loads(other)


def test_roles_are_listed_and_tagged(stage: Stage) -> None:
    stage.role("a", SAGEMAKER, Path="/x/")
    stage.role("b", SAGEMAKER)
    assert [r["RoleName"] for r in stage.pages("ListRoles", "Roles", MaxItems=1)] == ["a", "b"]
    assert len(stage.call("ListRoles", PathPrefix="/x/")["Roles"]) == 1
    stage.call("TagRole", RoleName="a", Tags=[{"Key": "k", "Value": "v"}])
    assert stage.call("ListRoleTags", RoleName="a")["Tags"] == [{"Key": "k", "Value": "v"}]
    stage.call("UntagRole", RoleName="a", TagKeys=["k"])
    assert stage.call("ListRoleTags", RoleName="a")["Tags"] == []


def test_a_role_goes_only_when_nothing_hangs_on_it(stage: Stage) -> None:
    stage.role("job", SAGEMAKER)
    arn = stage.policy("p")
    stage.call("CreateInstanceProfile", InstanceProfileName="box")
    stage.call("AddRoleToInstanceProfile", InstanceProfileName="box", RoleName="job")
    stage.call("PutRolePolicy", RoleName="job", PolicyName="i", PolicyDocument=READ_S3)
    stage.call("AttachRolePolicy", RoleName="job", PolicyArn=arn)
    steps = [
        (
            "RemoveRoleFromInstanceProfile",
            {"InstanceProfileName": "box", "RoleName": "job"},
        ),
        ("DeleteRolePolicy", {"RoleName": "job", "PolicyName": "i"}),
        ("DetachRolePolicy", {"RoleName": "job", "PolicyArn": arn}),
    ]
    for operation, parameters in steps:
        assert stage.error("DeleteRole", RoleName="job").code == "DeleteConflict"
        stage.call(operation, **parameters)
    stage.call("DeleteRole", RoleName="job")
    assert stage.error("GetRole", RoleName="job").code == "NoSuchEntity"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not json", "invalid Json"),
        ("[]", "invalid Json"),
        ("{}", "at least one statement"),
        (document(Action="sts:AssumeRole"), "Missing required field Principal"),
        (document(Principal="*", Action="sts:AssumeRole", Resource="*"), "Resource"),
        (document(Principal="*", Action="s3:GetObject"), "may only specify STS"),
        (trust({"Dog": "x"}), "Invalid principal"),
        (trust({"AWS": "ann"}), 'Invalid principal in policy: "AWS":"ann"'),
        (trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"}), "Invalid principal"),
        (trust({"AWS": f"arn:aws:iam::{ACCOUNT}:role/nobody"}), "Invalid principal"),
        (trust({"Service": "sagemaker"}), "Invalid principal"),
    ],
)
def test_a_bad_trust_policy_is_refused_with_the_reason(
    stage: Stage, text: str, reason: str
) -> None:
    error = stage.error("CreateRole", RoleName="job", AssumeRolePolicyDocument=text)
    assert (error.code, error.status) == ("MalformedPolicyDocument", 400)
    assert reason in error.message
    assert stage.error("GetRole", RoleName="job").code == "NoSuchEntity"


def test_a_trust_policy_names_users_and_roles_that_are_there(stage: Stage) -> None:
    stage.user("ann")
    first = stage.role("first", SAGEMAKER)
    names = [f"arn:aws:iam::{ACCOUNT}:user/ann", first, ACCOUNT, "arn:aws:iam::999999999999:role/x"]
    stage.role("second", trust({"AWS": names}))


def test_too_long_a_trust_policy_is_refused(stage: Stage) -> None:
    long = trust({"AWS": [f"arn:aws:iam::999999999999:role/r{n}" for n in range(80)]})
    error = stage.error("CreateRole", RoleName="job", AssumeRolePolicyDocument=long)
    assert error.code == "LimitExceeded"


def test_a_service_linked_role_belongs_to_its_service(stage: Stage) -> None:
    service = "sagemaker.application-autoscaling.amazonaws.com"
    role = stage.call("CreateServiceLinkedRole", AWSServiceName=service)["Role"]
    name = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{name}"
    error = stage.error("CreateServiceLinkedRole", AWSServiceName=service)
    assert error.code == "InvalidInput"
    for operation, more in (
        ("DeleteRole", {}),
        ("PutRolePolicy", {"PolicyName": "p", "PolicyDocument": READ_S3}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": SAGEMAKER}),
    ):
        assert stage.error(operation, RoleName=name, **more).code == "UnmodifiableEntity"
    task = stage.call("DeleteServiceLinkedRole", RoleName=name)["DeletionTaskId"]
    status = stage.call("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)
    assert status["Status"] == "SUCCEEDED"
    assert stage.error("GetRole", RoleName=name).code == "NoSuchEntity"


def test_service_linked_roles_are_named_after_their_service(stage: Stage) -> None:
    made = stage.call(
        "CreateServiceLinkedRole", AWSServiceName="elastic-dogs.amazonaws.com", CustomSuffix="x"
    )
    assert made["Role"]["RoleName"] == "AWSServiceRoleForElasticDogs_x"
    assert stage.error("CreateServiceLinkedRole", AWSServiceName="dogs").code == "InvalidInput"
    stage.role("job", SAGEMAKER)
    assert stage.error("DeleteServiceLinkedRole", RoleName="job").code == "NoSuchEntity"
