"""How AWS's services word a denial."""

from __future__ import annotations

import pytest

from kennel.auth.denials import denial
from kennel.policy import AccessRequest, Decision, PolicyType, Principal, PrincipalKind

ACCOUNT = "123456789012"
ANN = Principal(PrincipalKind.USER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDA1")
IAM = f"arn:aws:iam::{ACCOUNT}:"


@pytest.mark.parametrize(
    ("action", "resource", "said"),
    [
        # As others have met them: aws-cdk issue 27067, aws-nuke 294, aws-sam-cli 394 and the like.
        ("GetRole", f"{IAM}role/service-role/trainer", "role trainer"),
        ("AttachRolePolicy", f"{IAM}role/trainer", "role trainer"),
        ("GetUser", f"{IAM}user/bob", "user bob"),
        ("AddUserToGroup", f"{IAM}group/admins", "group admins"),
        ("GetInstanceProfile", f"{IAM}instance-profile/box", "instance profile box"),
        (
            "GetPolicy",
            "arn:aws:iam::aws:policy/job/Read",
            "policy arn:aws:iam::aws:policy/job/Read",
        ),
        ("CreatePolicy", f"{IAM}policy/reading", "policy reading"),
        ("ListPolicies", f"{IAM}policy/", "policy path /"),
        ("ListPolicies", f"{IAM}policy/team/", "policy path /team/"),
        ("ListRoles", f"{IAM}role/", f"{IAM}role/"),
        ("CreateRole", f"{IAM}role/trainer", f"{IAM}role/trainer"),
        ("PassRole", f"{IAM}role/trainer", f"{IAM}role/trainer"),
        ("SimulatePrincipalPolicy", f"{IAM}user/bob", f"{IAM}user/bob"),
        ("ListAccountAliases", "*", "*"),
    ],
)
def test_iam_names_things_by_kind_and_name(action: str, resource: str, said: str) -> None:
    request = AccessRequest(ANN, f"iam:{action}", resource, ACCOUNT)
    assert denial("iam", request, Decision(False, by=PolicyType.IDENTITY)).message == (
        f"User: {ANN.arn} is not authorized to perform: iam:{action} on resource: {said} "
        f"because no identity-based policy allows the iam:{action} action"
    )


def test_a_service_that_is_handed_a_role_names_its_arn() -> None:
    request = AccessRequest(ANN, "iam:PassRole", f"{IAM}role/trainer", ACCOUNT)
    error = denial("sagemaker", request, Decision(False, True, PolicyType.BOUNDARY))
    assert error.message.endswith(
        f"on resource: {IAM}role/trainer with an explicit deny in a permissions boundary"
    )
