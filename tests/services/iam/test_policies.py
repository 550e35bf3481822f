"""Managed and inline policies: kept, versioned, attached, and bounded."""

from __future__ import annotations

import json

import pytest

from tests.services.iam.stage import ALLOW_ALL, READ_S3, Stage, document, read_document, trust

AWS_READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
SERVICE_ROLE = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def test_a_policy_is_found_as_it_was_made(stage: Stage) -> None:
    arn = stage.policy("p", Path="/a/", Description="reads", Tags=[{"Key": "k", "Value": "v"}])
    found = stage.call("GetPolicy", PolicyArn=arn)["Policy"]
    assert (found["DefaultVersionId"], found["AttachmentCount"]) == ("v1", 0)
    assert (found["Description"], found["Tags"]) == ("reads", [{"Key": "k", "Value": "v"}])
    version = stage.call("GetPolicyVersion", PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert read_document(version["Document"]) == json.loads(READ_S3)
    assert version["IsDefaultVersion"]


def test_a_name_is_given_once_whatever_its_path(stage: Stage) -> None:
    stage.policy("p")
    error = stage.error("CreatePolicy", PolicyName="P", PolicyDocument=READ_S3, Path="/x/")
    assert error.code == "EntityAlreadyExists"


def test_versions_are_made_chosen_and_removed(stage: Stage) -> None:
    arn = stage.policy("p")
    for number in range(4):
        stage.call(
            "CreatePolicyVersion",
            PolicyArn=arn,
            PolicyDocument=ALLOW_ALL,
            SetAsDefault=number == 0,
        )
    error = stage.error("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL)
    assert error.code == "LimitExceeded"
    listed = stage.call("ListPolicyVersions", PolicyArn=arn)["Versions"]
    assert [one["VersionId"] for one in listed] == ["v5", "v4", "v3", "v2", "v1"]
    assert [one["IsDefaultVersion"] for one in listed].index(True) == 3
    error = stage.error("DeletePolicyVersion", PolicyArn=arn, VersionId="v2")
    assert error.code == "DeleteConflict"
    stage.call("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v5")
    stage.call("DeletePolicyVersion", PolicyArn=arn, VersionId="v2")
    made = stage.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=READ_S3)
    assert made["PolicyVersion"]["VersionId"] == "v6"
    for operation in ("GetPolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"):
        assert stage.error(operation, PolicyArn=arn, VersionId="v2").code == "NoSuchEntity"


def test_a_policy_goes_only_when_nobody_uses_it(stage: Stage) -> None:
    arn = stage.policy("p")
    stage.user("ann")
    stage.call("AttachUserPolicy", UserName="ann", PolicyArn=arn)
    assert stage.error("DeletePolicy", PolicyArn=arn).code == "DeleteConflict"
    stage.call("DetachUserPolicy", UserName="ann", PolicyArn=arn)
    stage.call("PutUserPermissionsBoundary", UserName="ann", PermissionsBoundary=arn)
    assert stage.error("DeletePolicy", PolicyArn=arn).code == "DeleteConflict"
    stage.call("DeleteUserPermissionsBoundary", UserName="ann")
    stage.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=READ_S3)
    assert stage.error("DeletePolicy", PolicyArn=arn).code == "DeleteConflict"
    stage.call("DeletePolicyVersion", PolicyArn=arn, VersionId="v2")
    stage.call("DeletePolicy", PolicyArn=arn)
    assert stage.error("GetPolicy", PolicyArn=arn).code == "NoSuchEntity"


@pytest.mark.parametrize(
    ("kind", "create"),
    [
        ("User", {}),
        ("Group", {}),
        ("Role", {"AssumeRolePolicyDocument": trust({"Service": "ec2.amazonaws.com"})}),
    ],
)
def test_policies_are_attached_to_users_groups_and_roles(
    stage: Stage, kind: str, create: dict[str, str]
) -> None:
    name = {f"{kind}Name": "one"}
    stage.call(f"Create{kind}", **name, **create)
    own = stage.policy("p", Path="/x/")
    for arn in (own, AWS_READ, own):
        stage.call(f"Attach{kind}Policy", **name, PolicyArn=arn)
    listed = stage.call(f"ListAttached{kind}Policies", **name)["AttachedPolicies"]
    assert listed == [
        {"PolicyName": "p", "PolicyArn": own},
        {"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": AWS_READ},
    ]
    in_path = stage.call(f"ListAttached{kind}Policies", **name, PathPrefix="/x/")
    assert len(in_path["AttachedPolicies"]) == 1
    entities = stage.call("ListEntitiesForPolicy", PolicyArn=own)
    assert [one[f"{kind}Name"] for one in entities[f"Policy{kind}s"]] == ["one"]
    assert stage.call("GetPolicy", PolicyArn=own)["Policy"]["AttachmentCount"] == 1
    stage.call(f"Detach{kind}Policy", **name, PolicyArn=own)
    error = stage.error(f"Detach{kind}Policy", **name, PolicyArn=own)
    assert error.code == "NoSuchEntity"


def test_entities_are_listed_in_pages_and_by_kind(stage: Stage) -> None:
    arn = stage.policy("p")
    for number in range(3):
        stage.call("CreateUser", UserName=f"u{number}")
        stage.call("AttachUserPolicy", UserName=f"u{number}", PolicyArn=arn)
        stage.call("CreateGroup", GroupName=f"g{number}")
        stage.call("AttachGroupPolicy", GroupName=f"g{number}", PolicyArn=arn)
    first = stage.call("ListEntitiesForPolicy", PolicyArn=arn, MaxItems=4)
    assert (len(first["PolicyGroups"]), len(first["PolicyUsers"])) == (3, 1)
    rest = stage.call("ListEntitiesForPolicy", PolicyArn=arn, Marker=first["Marker"])
    assert (len(rest["PolicyGroups"]), len(rest["PolicyUsers"])) == (0, 2)
    users = stage.call("ListEntitiesForPolicy", PolicyArn=arn, EntityFilter="User")
    assert (len(users["PolicyGroups"]), len(users["PolicyUsers"])) == (0, 3)


def test_ten_policies_are_attached_at_most(stage: Stage) -> None:
    stage.call("CreateUser", UserName="ann")
    arns = [stage.policy(f"p{number}") for number in range(11)]
    for arn in arns[:10]:
        stage.call("AttachUserPolicy", UserName="ann", PolicyArn=arn)
    error = stage.error("AttachUserPolicy", UserName="ann", PolicyArn=arns[10])
    assert error.code == "LimitExceeded"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:iam::123456789012:policy/none", "NoSuchEntity"),
        ("arn:aws:iam::aws:policy/NoSuchPolicyOfAws", "NoSuchEntity"),
        ("arn:aws:s3:::bucket", "InvalidInput"),
    ],
)
def test_only_a_policy_can_be_attached(stage: Stage, arn: str, code: str) -> None:
    stage.call("CreateUser", UserName="ann")
    assert stage.error("AttachUserPolicy", UserName="ann", PolicyArn=arn).code == code


def test_awss_own_policies_are_known_by_arn(stage: Stage) -> None:
    found = stage.call("GetPolicy", PolicyArn=SERVICE_ROLE)["Policy"]
    assert (found["PolicyName"], found["Path"]) == ("AWSLambdaBasicExecutionRole", "/service-role/")
    version = stage.call(
        "GetPolicyVersion", PolicyArn=SERVICE_ROLE, VersionId=found["DefaultVersionId"]
    )["PolicyVersion"]
    actions = read_document(version["Document"])["Statement"][0]["Action"]
    assert "logs:PutLogEvents" in actions
    assert len(stage.call("ListPolicyVersions", PolicyArn=SERVICE_ROLE)["Versions"]) == 1
    error = stage.error("DeletePolicy", PolicyArn=SERVICE_ROLE)
    assert error.code == "NoSuchEntity"


def test_policies_are_listed_by_scope(stage: Stage) -> None:
    stage.policy("mine")
    local = stage.call("ListPolicies", Scope="Local")["Policies"]
    assert [policy["PolicyName"] for policy in local] == ["mine"]
    amazon = stage.pages("ListPolicies", "Policies", Scope="AWS", MaxItems=1000)
    assert len(amazon) > 1000
    assert len(stage.pages("ListPolicies", "Policies", MaxItems=1000)) == len(amazon) + 1
    stage.call("CreateUser", UserName="ann")
    stage.call("AttachUserPolicy", UserName="ann", PolicyArn=AWS_READ)
    attached = stage.call("ListPolicies", OnlyAttached=True)["Policies"]
    assert [policy["Arn"] for policy in attached] == [AWS_READ]


def test_policies_are_tagged(stage: Stage) -> None:
    arn = stage.policy("p")
    stage.call("TagPolicy", PolicyArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert stage.call("ListPolicyTags", PolicyArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    stage.call("UntagPolicy", PolicyArn=arn, TagKeys=["k"])
    assert stage.call("ListPolicyTags", PolicyArn=arn)["Tags"] == []


@pytest.mark.parametrize("kind", ["User", "Group", "Role"])
def test_inline_policies_are_put_read_listed_and_deleted(stage: Stage, kind: str) -> None:
    name = {f"{kind}Name": "one"}
    more = {"AssumeRolePolicyDocument": trust("*")} if kind == "Role" else {}
    stage.call(f"Create{kind}", **name, **more)
    stage.call(f"Put{kind}Policy", **name, PolicyName="a", PolicyDocument=ALLOW_ALL)
    stage.call(f"Put{kind}Policy", **name, PolicyName="a", PolicyDocument=READ_S3)
    stage.call(f"Put{kind}Policy", **name, PolicyName="b", PolicyDocument=READ_S3)
    found = stage.call(f"Get{kind}Policy", **name, PolicyName="a")
    assert read_document(found["PolicyDocument"]) == json.loads(READ_S3)
    assert stage.pages(f"List{kind}Policies", "PolicyNames", **name, MaxItems=1) == ["a", "b"]
    stage.call(f"Delete{kind}Policy", **name, PolicyName="a")
    for operation in (f"Get{kind}Policy", f"Delete{kind}Policy"):
        assert stage.error(operation, **name, PolicyName="a").code == "NoSuchEntity"


def test_inline_policies_have_a_size_limit_together(stage: Stage) -> None:
    stage.call("CreateUser", UserName="ann")
    big = document(Action=[f"s3:Action{number}" for number in range(70)], Resource="*")
    stage.call("PutUserPolicy", UserName="ann", PolicyName="a", PolicyDocument=big)
    error = stage.error("PutUserPolicy", UserName="ann", PolicyName="b", PolicyDocument=big)
    assert error.code == "LimitExceeded"
    assert stage.call("ListUserPolicies", UserName="ann")["PolicyNames"] == ["a"]


def test_blanks_do_not_count_for_the_size(stage: Stage) -> None:
    spaced = READ_S3.replace(",", "," + " " * 10_000)
    stage.policy("p", spaced)
    long = document(Action=[f"s3:Action{number}" for number in range(600)], Resource="*")
    error = stage.error("CreatePolicy", PolicyName="q", PolicyDocument=long)
    assert error.code == "LimitExceeded"


def test_a_boundary_is_kept_and_removed(stage: Stage) -> None:
    arn = stage.policy("p")
    stage.call("CreateUser", UserName="ann", PermissionsBoundary=arn)
    shown = stage.call("GetUser", UserName="ann")["User"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == arn
    found = stage.call("GetPolicy", PolicyArn=arn)["Policy"]
    assert found["PermissionsBoundaryUsageCount"] == 1
    stage.call("DeleteUserPermissionsBoundary", UserName="ann")
    assert "PermissionsBoundary" not in stage.call("GetUser", UserName="ann")["User"]
    stage.role("job", trust("*"))
    stage.call("PutRolePermissionsBoundary", RoleName="job", PermissionsBoundary=AWS_READ)
    shown = stage.call("GetRole", RoleName="job")["Role"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == AWS_READ
    stage.call("DeleteRolePermissionsBoundary", RoleName="job")
    error = stage.error("CreateUser", UserName="bea", PermissionsBoundary=arn + "x")
    assert error.code == "NoSuchEntity"
