"""What Lambda's operations need, and what it knows of its functions."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from kennel.gateway.plane import Plane
from kennel.services import Access, Context
from tests.services.accesses.conftest import ACCOUNT, Needs

ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:score"
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
def function(root: Context) -> str:
    role = root.call("iam", "CreateRole", RoleName="score", AssumeRolePolicyDocument=TRUST)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("f.py", "def handler(event, context): return event")
    root.call(
        "lambda",
        "CreateFunction",
        FunctionName="score",
        Role=role["Role"]["Arn"],
        Runtime="python3.11",
        Handler="f.handler",
        Code={"ZipFile": archive.getvalue()},
        Tags={"team": "dogs"},
    )
    return "score"


@pytest.mark.parametrize(
    "name", ["score", ARN, f"{ACCOUNT}:function:score", "function:score", f"{ACCOUNT}:score"]
)
def test_a_function_may_be_named_in_any_way(name: str, needs: Needs):
    assert needs("lambda", "Invoke", FunctionName=name) == [("lambda:InvokeFunction", ARN)]
    assert needs("lambda", "GetFunction", FunctionName=name) == [("lambda:GetFunction", ARN)]


@pytest.mark.parametrize(
    ("name", "qualifier"), [("score", "7"), ("score:7", ""), (f"{ARN}:7", "7")]
)
def test_a_qualifier_is_part_of_the_resource(name: str, qualifier: str, needs: Needs):
    found = needs("lambda", "Invoke", FunctionName=name, Qualifier=qualifier)
    assert found == [("lambda:InvokeFunction", f"{ARN}:7")]


def test_an_arn_of_another_account_stays_as_it_is(needs: Needs):
    other = "arn:aws:lambda:eu-west-1:999999999999:function:f"
    assert needs("lambda", "Invoke", FunctionName=other) == [("lambda:InvokeFunction", other)]


def test_tags_on_a_new_function_need_their_own_permission(needs: Needs):
    assert needs("lambda", "CreateFunction", FunctionName="score", Tags={"a": "b"}) == [
        ("lambda:CreateFunction", ARN),
        ("lambda:TagResource", ARN),
    ]


def test_who_is_given_a_permission_is_a_condition_key(accesses: Callable[..., list[Access]]):
    (add,) = accesses("lambda", "AddPermission", FunctionName="score", Principal="s3.amazonaws.com")
    assert add.context == {"lambda:principal": ("s3.amazonaws.com",)}


def test_policies_are_known_as_soon_as_they_are_put_and_taken_away(
    local_plane: Plane, root: Context, function: str
):
    service = local_plane.dispatcher.services["lambda"]
    assert service.resource_policy(ARN) == ""
    permission: dict[str, Any] = {"FunctionName": function, "StatementId": "s"}
    root.call(
        "lambda", "AddPermission", **permission, Action="lambda:InvokeFunction", Principal="*"
    )
    (statement,) = json.loads(service.resource_policy(ARN))["Statement"]
    assert (statement["Principal"], statement["Resource"]) == ("*", ARN)
    assert service.resource_policy(f"{ARN}:7") == ""
    root.call("lambda", "RemovePermission", **permission)
    assert service.resource_policy(ARN) == ""


def test_an_aliass_policy_goes_with_the_alias(local_plane: Plane, root: Context, function: str):
    service = local_plane.dispatcher.services["lambda"]
    alias: dict[str, Any] = {"FunctionName": function, "Name": "live"}
    root.call("lambda", "CreateAlias", **alias, FunctionVersion="$LATEST")
    root.call(
        "lambda",
        "AddPermission",
        FunctionName=f"{function}:live",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="*",
    )
    assert service.resource_policy(f"{ARN}:live")
    root.call("lambda", "DeleteAlias", **alias)
    assert service.resource_policy(f"{ARN}:live") == ""


def test_tags_are_known_as_soon_as_they_change(local_plane: Plane, root: Context, function: str):
    service = local_plane.dispatcher.services["lambda"]
    assert service.resource_tags(ARN) == {"team": "dogs"}
    root.call("lambda", "TagResource", Resource=ARN, Tags={"stage": "test"})
    assert service.resource_tags(ARN) == {"team": "dogs", "stage": "test"}
    assert service.resource_tags("arn:aws:lambda:us-east-1:1:function:none") == {}


@pytest.mark.parametrize("principal", ["events.amazonaws.com", "111122223333", "*"])
def test_what_is_taken_away_is_known_by_whom_it_lets_in(
    principal: str, function: str, root: Context, accesses: Callable[..., list[Access]]
):
    named: dict[str, Any] = {"FunctionName": function, "StatementId": "s"}
    root.call("lambda", "AddPermission", Action="lambda:*", Principal=principal, **named)
    (remove,) = accesses("lambda", "RemovePermission", **named)
    assert remove.context == {"lambda:principal": (principal,)}
    root.call("lambda", "RemovePermission", **named)
    (again,) = accesses("lambda", "RemovePermission", **named)
    assert again.context == {}
