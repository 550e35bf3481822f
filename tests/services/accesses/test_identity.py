"""What IAM's and STS's operations need, and what they know of users, roles and policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from kennel.gateway.plane import Plane
from kennel.identity import Principal, PrincipalKind
from kennel.services import Access, Context
from tests.services.accesses.conftest import ACCOUNT, Needs

IAM = f"arn:aws:iam::{ACCOUNT}"
ROLE = f"{IAM}:role/teams/dogs/walker"
BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


@pytest.fixture(scope="module")
def role(root: Context) -> Iterator[str]:
    root.call(
        "iam",
        "CreateRole",
        RoleName="walker",
        Path="/teams/dogs/",
        AssumeRolePolicyDocument=TRUST,
        Tags=[{"Key": "team", "Value": "dogs"}],
        PermissionsBoundary=BOUNDARY,
    )
    yield "walker"
    root.call("iam", "DeleteRole", RoleName="walker")


def test_a_roles_arn_has_its_path(needs: Needs, role: str):
    assert needs("iam", "GetRole", RoleName=role) == [("iam:GetRole", ROLE)]
    assert needs("iam", "GetRole", RoleName="none") == [("iam:GetRole", f"{IAM}:role/none")]


def test_a_listing_is_on_the_path_that_it_is_of(needs: Needs):
    assert needs("iam", "ListRoles") == [("iam:ListRoles", f"{IAM}:role/")]
    assert needs("iam", "ListUsers", PathPrefix="/teams/") == [
        ("iam:ListUsers", f"{IAM}:user/teams/")
    ]
    assert needs("iam", "ListPolicies") == [("iam:ListPolicies", f"{IAM}:policy/")]


def test_what_is_made_is_named_with_the_path_that_it_will_have(needs: Needs):
    made = f"{IAM}:user/teams/ann"
    tags = [{"Key": "a", "Value": "b"}]
    assert needs("iam", "CreateUser", UserName="ann", Path="/teams/", Tags=tags) == [
        ("iam:CreateUser", made),
        ("iam:TagUser", made),
    ]
    assert needs("iam", "CreateGroup", GroupName="g") == [("iam:CreateGroup", f"{IAM}:group/g")]


def test_a_move_needs_both_ends(needs: Needs):
    assert needs("iam", "UpdateUser", UserName="ann", NewPath="/x/", NewUserName="bob") == [
        ("iam:UpdateUser", f"{IAM}:user/ann"),
        ("iam:UpdateUser", f"{IAM}:user/x/bob"),
    ]
    assert needs("iam", "UpdateGroup", GroupName="g") == [("iam:UpdateGroup", f"{IAM}:group/g")]


def test_an_operation_without_a_user_is_on_the_callers_own(local_plane: Plane, needs: Needs):
    ann = Principal(PrincipalKind.USER, ACCOUNT, f"{IAM}:user/teams/ann", "AIDA")
    ctx = local_plane.dispatcher.context(ann)
    assert needs("iam", "CreateAccessKey", ctx=ctx) == [("iam:CreateAccessKey", f"{IAM}:user/ann")]


def test_a_boundary_that_is_there_is_a_condition_key(
    accesses: Callable[..., list[Access]], role: str
):
    (attach,) = accesses("iam", "AttachRolePolicy", RoleName=role, PolicyArn="arn:aws:iam::1:p")
    assert attach.context == {
        "iam:policyarn": ("arn:aws:iam::1:p",),
        "iam:permissionsboundary": (BOUNDARY,),
    }


def test_a_role_may_be_passed_to_a_service(accesses: Callable[..., list[Access]]):
    given = {"RoleArn": ROLE, "PassedToService": "lambda.amazonaws.com"}
    assert accesses("iam", "PassRole", **given) == [
        Access("iam:PassRole", ROLE, {"iam:passedtoservice": ("lambda.amazonaws.com",)})
    ]


def test_the_role_of_a_service_has_the_services_path(needs: Needs):
    service = "lambda.application-autoscaling.amazonaws.com"
    ((_, resource),) = needs("iam", "CreateServiceLinkedRole", AWSServiceName=service)
    assert resource.startswith(f"{IAM}:role/aws-service-role/{service}/AWSServiceRoleFor")


def test_trust_policies_and_tags_are_the_roles(local_plane: Plane, role: str):
    iam, sts = (local_plane.dispatcher.services[name] for name in ("iam", "sts"))
    assert iam.resource_policy(ROLE) == sts.resource_policy(ROLE) == TRUST
    assert iam.resource_tags(ROLE) == sts.resource_tags(ROLE) == {"team": "dogs"}
    assert iam.resource_policy(f"{IAM}:role/walker") == ""
    assert iam.resource_tags(f"{IAM}:user/walker") == {}


def test_a_session_with_tags_needs_leave_to_tag_it(accesses: Callable[..., list[Access]]):
    tags = [{"Key": "team", "Value": "cats"}]
    assume, tag = accesses("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="s", Tags=tags)
    of_tags = {"aws:requesttag/team": ("cats",), "aws:tagkeys": ("team",)}
    assert assume == Access("sts:AssumeRole", ROLE, of_tags | {"sts:rolesessionname": ("s",)})
    assert tag == Access("sts:TagSession", ROLE, of_tags)


def test_nobody_can_be_kept_from_asking_who_he_is(needs: Needs):
    assert needs("sts", "GetCallerIdentity") == []
