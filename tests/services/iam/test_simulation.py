"""The policy simulator: the engine's decisions in the simulator's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kennel.services.iam.statement_positions import statement_positions
from tests.services.iam.stage import ACCOUNT, Stage, document, trust

KEY = "arn:aws:s3:::dogs/rex.jpg"
READ = document(Action="s3:Get*", Resource="arn:aws:s3:::dogs/*")


def _custom(stage: Stage, *policies: str, action: str = "s3:GetObject", **more: Any) -> Any:
    reply = stage.call(
        "SimulateCustomPolicy", PolicyInputList=list(policies), ActionNames=[action], **more
    )
    (result,) = reply["EvaluationResults"]
    return result


def _principal(stage: Stage, arn: str, action: str = "s3:GetObject", **more: Any) -> Any:
    reply = stage.call("SimulatePrincipalPolicy", PolicySourceArn=arn, ActionNames=[action], **more)
    (result,) = reply["EvaluationResults"]
    return result


def _ids(result: dict[str, Any]) -> list[str]:
    return [one["SourcePolicyId"] for one in result["MatchedStatements"]]


def test_awss_example_comes_out_as_aws_shows_it(stage: Stage) -> None:
    """ "Examples" of `aws iam simulate-custom-policy`."""
    text = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"'
        ',"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
    )
    now = {"ContextKeyName": "aws:CurrentTime", "ContextKeyType": "date"}
    later = now | {"ContextKeyValues": ["2019-04-25T11:00:00Z"]}
    result = _custom(stage, text, action="dynamodb:CreateBackup", ContextEntries=[later])
    assert result["EvalDecision"] == "allowed"
    (matched,) = result["MatchedStatements"]
    assert matched["SourcePolicyId"] == "PolicyInputList.1"
    assert matched["StartPosition"] == {"Line": 1, "Column": 38}
    assert matched["EndPosition"] == {"Line": 1, "Column": 167}
    earlier = now | {"ContextKeyValues": ["2014-04-25T11:00:00Z"]}
    result = _custom(stage, text, action="dynamodb:CreateBackup", ContextEntries=[earlier])
    assert (result["EvalDecision"], result["MatchedStatements"]) == ("implicitDeny", [])
    result = _custom(stage, text, action="dynamodb:CreateBackup")
    assert result["EvalDecision"] == "implicitDeny"
    assert result["MissingContextValues"] == ["aws:CurrentTime"]


def test_each_resource_has_a_result_and_the_strictest_counts(stage: Stage) -> None:
    deny = document(Effect="Deny", Action="s3:*", Resource="arn:aws:s3:::dogs/secret*")
    secret, other = "arn:aws:s3:::dogs/secret.txt", "arn:aws:s3:::cats/tom.jpg"
    result = _custom(stage, READ, deny, ResourceArns=[KEY, secret, other])
    assert result["EvalDecision"] == "explicitDeny"
    assert _ids(result) == ["PolicyInputList.2"]
    decisions = [one["EvalResourceDecision"] for one in result["ResourceSpecificResults"]]
    assert decisions == ["allowed", "explicitDeny", "implicitDeny"]
    assert _custom(stage, READ, ResourceArns=[KEY, other])["EvalDecision"] == "implicitDeny"
    assert "ResourceSpecificResults" not in _custom(stage, READ)


def test_a_boundary_limits_and_says_so(stage: Stage) -> None:
    everything = document(Action="*", Resource="*")
    result = _custom(stage, everything, PermissionsBoundaryPolicyInputList=[READ])
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    result = _custom(
        stage, everything, ResourceArns=[KEY], PermissionsBoundaryPolicyInputList=[READ]
    )
    (specific,) = result["ResourceSpecificResults"]
    assert specific["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}


def test_a_users_own_and_its_groups_policies_are_simulated(stage: Stage) -> None:
    user = stage.call("CreateUser", UserName="ann")["User"]["Arn"]
    assert _principal(stage, user)["EvalDecision"] == "implicitDeny"
    stage.call("CreateGroup", GroupName="keepers")
    stage.call("AddUserToGroup", GroupName="keepers", UserName="ann")
    stage.call("PutGroupPolicy", GroupName="keepers", PolicyName="read", PolicyDocument=READ)
    managed = stage.call("CreatePolicy", PolicyName="Reading", PolicyDocument=READ)["Policy"]
    stage.call("AttachUserPolicy", UserName="ann", PolicyArn=managed["Arn"])
    result = _principal(stage, user, ResourceArns=[KEY])
    assert result["EvalDecision"] == "allowed"
    assert _ids(result) == ["Reading", "group_keepers_read"]
    everything = document(Action="*", Resource="*")
    more = _principal(stage, user, "s3:PutObject", PolicyInputList=[everything])
    assert _ids(more) == ["PolicyInputList.1"]


def test_a_roles_boundary_is_simulated_unless_another_is_given(stage: Stage) -> None:
    role = stage.call("CreateRole", RoleName="job", AssumeRolePolicyDocument=trust("*"))["Role"]
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    stage.call("AttachRolePolicy", RoleName="job", PolicyArn=admin)
    bound = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    stage.call("PutRolePermissionsBoundary", RoleName="job", PermissionsBoundary=bound)
    assert _ids(_principal(stage, role["Arn"])) == ["AdministratorAccess"]
    assert _principal(stage, role["Arn"], "s3:PutObject")["EvalDecision"] == "implicitDeny"
    given = {"PermissionsBoundaryPolicyInputList": [document(Action="*", Resource="*")]}
    assert _principal(stage, role["Arn"], "s3:PutObject", **given)["EvalDecision"] == "allowed"


def test_a_resources_policy_counts_for_a_user(stage: Stage) -> None:
    user = stage.call("CreateUser", UserName="ann")["User"]["Arn"]
    policy = document(Principal={"AWS": user}, Action="s3:GetObject", Resource=KEY)
    result = _principal(stage, user, ResourceArns=[KEY], ResourcePolicy=policy)
    assert result["EvalDecision"] == "allowed"
    (matched,) = result["MatchedStatements"]
    assert matched["SourcePolicyId"] == "ResourcePolicy"
    assert matched["SourcePolicyType"] == "Resource Policy"
    foreign = {"ResourcePolicy": policy, "ResourceOwner": "999999999999"}
    result = _principal(stage, user, ResourceArns=[KEY], **foreign)
    assert result["EvalDecision"] == "implicitDeny"  # across accounts both sides must allow
    result = _custom(stage, READ, CallerArn=user, ResourceArns=[KEY], **foreign)
    assert result["EvalDecision"] == "allowed"


USER = f"arn:aws:iam::{ACCOUNT}:user/ann"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ActionNames": ["s3:Get*"]}, "Invalid Action Name: s3:Get*"),
        ({"ActionNames": ["GetObject"]}, "Invalid Action Name"),
        ({"ResourceArns": ["dogs"]}, "Invalid Resource Arn: dogs"),
        ({"PolicyInputList": [READ, "{"]}, "PolicyInputList.2: Syntax errors in policy."),
        ({"PermissionsBoundaryPolicyInputList": [READ, READ]}, "Only one permissions boundary"),
        ({"ResourcePolicy": READ}, "CallerArn is required"),
        ({"ResourcePolicy": READ, "CallerArn": USER}, "ResourcePolicy: Missing required field"),
        ({"ResourcePolicy": READ, "CallerArn": USER.replace("user", "role")}, "a user only"),
        ({"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"}, "Invalid Entity Arn"),
        ({"ResourceOwner": "me"}, "'me' is not a valid as a Resource Owner."),
        ({"ContextEntries": [_entry := {"ContextKeyName": "a:b", "ContextKeyType": "numeric",
                                        "ContextKeyValues": ["x"]}]}, "not of type numeric"),
        ({"ContextEntries": [_entry | {"ContextKeyValues": ["1", "2"]}]}, "must be a list"),
    ],
)  # fmt: skip
def test_what_can_not_be_simulated_is_invalid_input(
    stage: Stage, change: dict[str, Any], reason: str
) -> None:
    asked = {"PolicyInputList": [READ], "ActionNames": ["s3:GetObject"], **change}
    error = stage.error("SimulateCustomPolicy", **asked)
    assert error.code == "InvalidInput"
    assert reason in str(error)


def test_only_users_groups_and_roles_have_policies(stage: Stage) -> None:
    for arn, code in ((USER, "NoSuchEntity"), (f"arn:aws:iam::{ACCOUNT}:root", "InvalidInput")):
        asked = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"]}
        assert stage.error("SimulatePrincipalPolicy", **asked).code == code
        keys = stage.error("GetContextKeysForPrincipalPolicy", PolicySourceArn=arn)
        assert keys.code == code


def test_context_keys_are_named_as_policies_write_them(stage: Stage) -> None:
    table = "arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}"
    condition = {
        "DateGreaterThan": {"aws:CurrentTime": "2015-08-16T12:00:00Z"},
        "StringLike": {"AWS:UserName": "${aws:PrincipalTag/team, 'x'}-${*}"},
    }
    text = document(Action="dynamodb:*", Resource=table, Condition=condition)
    names = ["aws:username", "aws:CurrentTime", "aws:PrincipalTag/team"]
    reply = stage.call("GetContextKeysForCustomPolicy", PolicyInputList=[text])
    assert reply == {"ContextKeyNames": names}
    user = stage.call("CreateUser", UserName="ann")["User"]["Arn"]
    stage.call("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=text)
    reply = stage.call("GetContextKeysForPrincipalPolicy", PolicySourceArn=user)
    assert reply == {"ContextKeyNames": names}


def test_positions_are_those_that_awss_simulator_shows() -> None:
    """[O] of AdministratorAccess as AWS writes it: 3:17 to 8:6."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement, statement]}, indent=2)
    first, second = statement_positions(text)
    assert first == ({"Line": 3, "Column": 17}, {"Line": 8, "Column": 6})
    assert second == ({"Line": 8, "Column": 6}, {"Line": 13, "Column": 6})
    nested = '{"Id": "{[", "Statement" : [ {"Sid": "]}"} , {} ]}'
    assert len(statement_positions(nested)) == 2
