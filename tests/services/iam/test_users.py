"""Users: what is made is found, renamed, listed, and not deleted while something hangs on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kennel.identity import Principal
from tests.services.iam.stage import ACCOUNT, READ_S3, Stage


def test_a_user_is_found_as_it_was_made(stage: Stage) -> None:
    made = stage.call(
        "CreateUser", UserName="ann", Path="/team/", Tags=[{"Key": "a", "Value": "b"}]
    )["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/ann"
    assert made["UserId"].startswith("AIDA")
    assert len(made["UserId"]) == 21
    assert stage.call("GetUser", UserName="ann")["User"] == made


def test_users_outlive_a_restart(tmp_path: Path) -> None:
    with Stage(tmp_path / "state") as first:
        made = first.call("CreateUser", UserName="ann")["User"]
    with Stage(tmp_path / "state") as second:
        assert second.call("GetUser", UserName="ann")["User"] == made


@pytest.mark.parametrize("name", ["ann", "ANN"])
def test_a_name_is_given_once_whatever_its_case(stage: Stage, name: str) -> None:
    stage.call("CreateUser", UserName="ann")
    error = stage.error("CreateUser", UserName=name)
    assert (error.code, error.status) == ("EntityAlreadyExists", 409)


def test_an_unknown_user_is_no_such_entity(stage: Stage) -> None:
    error = stage.error("GetUser", UserName="nobody")
    assert (error.code, error.status) == ("NoSuchEntity", 404)
    assert error.message == "The user with name nobody cannot be found."


def test_without_a_name_it_is_the_caller(stage: Stage) -> None:
    ann = stage.user("ann")
    assert stage.call("GetUser", ann)["User"]["UserName"] == "ann"
    root = stage.call("GetUser")["User"]
    assert root["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    role = Principal.role_session(ACCOUNT, "r", "AROA", f"arn:aws:iam::{ACCOUNT}:role/r", "s")
    assert stage.error("GetUser", role).code == "ValidationError"


def test_a_renamed_user_keeps_its_keys_and_its_id(stage: Stage) -> None:
    before = stage.user("ann")
    key = next(iter(stage.credentials.user_keys(before.user_id)))
    stage.call("UpdateUser", UserName="ann", NewUserName="bea", NewPath="/new/")
    found = stage.credentials.find(key)
    assert found is not None
    assert found.principal.arn == f"arn:aws:iam::{ACCOUNT}:user/new/bea"
    assert found.principal.user_id == before.user_id
    assert stage.call("GetUser", UserName="bea")["User"]["UserId"] == before.user_id
    assert stage.error("GetUser", UserName="ann").code == "NoSuchEntity"


def test_a_rename_takes_nobody_elses_name(stage: Stage) -> None:
    stage.user("ann")
    stage.user("bea")
    error = stage.error("UpdateUser", UserName="ann", NewUserName="Bea")
    assert error.code == "EntityAlreadyExists"
    assert stage.call("GetUser", UserName="ann")["User"]["UserName"] == "ann"


def test_lists_come_in_pages_and_by_path(stage: Stage) -> None:
    names = [f"user-{number:02}" for number in range(25)]
    for name in names:
        stage.call("CreateUser", UserName=name, Path="/even/" if name[-1] in "02468" else "/")
    found = stage.pages("ListUsers", "Users", MaxItems=10)
    assert [user["UserName"] for user in found] == names
    even = stage.call("ListUsers", PathPrefix="/even/")["Users"]
    assert [user["UserName"] for user in even] == names[::2]
    assert stage.error("ListUsers", Marker="é").code == "ValidationError"


def test_what_is_made_between_two_pages_shifts_nothing(stage: Stage) -> None:
    for name in ("b", "d", "f"):
        stage.call("CreateUser", UserName=name)
    first = stage.call("ListUsers", MaxItems=2)
    stage.call("CreateUser", UserName="a")
    stage.call("DeleteUser", UserName="d")
    second = stage.call("ListUsers", Marker=first["Marker"])
    assert [user["UserName"] for user in second["Users"]] == ["f"]


def test_a_user_goes_only_when_nothing_hangs_on_it(stage: Stage) -> None:
    ann = stage.user("ann")
    arn = stage.policy("p")
    key = next(iter(stage.credentials.user_keys(ann.user_id)))
    stage.call("PutUserPolicy", UserName="ann", PolicyName="i", PolicyDocument=READ_S3)
    stage.call("AttachUserPolicy", UserName="ann", PolicyArn=arn)
    stage.call("CreateGroup", GroupName="g")
    stage.call("AddUserToGroup", GroupName="g", UserName="ann")
    steps = [
        ("access keys", "DeleteAccessKey", {"UserName": "ann", "AccessKeyId": key}),
        ("policies", "DeleteUserPolicy", {"UserName": "ann", "PolicyName": "i"}),
        ("detach", "DetachUserPolicy", {"UserName": "ann", "PolicyArn": arn}),
        ("group", "RemoveUserFromGroup", {"UserName": "ann", "GroupName": "g"}),
    ]
    for word, operation, parameters in steps:
        error = stage.error("DeleteUser", UserName="ann")
        assert error.code == "DeleteConflict"
        assert word in error.message
        stage.call(operation, **parameters)
    stage.call("DeleteUser", UserName="ann")
    assert stage.call("ListUsers")["Users"] == []


def test_tags_are_put_on_changed_and_taken_off(stage: Stage) -> None:
    stage.call("CreateUser", UserName="ann")
    stage.call("TagUser", UserName="ann", Tags=[{"Key": "A", "Value": "1"}])
    stage.call(
        "TagUser", UserName="ann", Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    )
    assert stage.call("ListUserTags", UserName="ann")["Tags"] == [
        {"Key": "a", "Value": "2"},
        {"Key": "b", "Value": "3"},
    ]
    stage.call("UntagUser", UserName="ann", TagKeys=["A", "none"])
    assert stage.call("ListUserTags", UserName="ann")["Tags"] == [{"Key": "b", "Value": "3"}]


def test_one_key_twice_and_too_many_tags_are_refused(stage: Stage) -> None:
    stage.call("CreateUser", UserName="ann")
    twice = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    assert stage.error("TagUser", UserName="ann", Tags=twice).code == "InvalidInput"
    many = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
    assert stage.error("TagUser", UserName="ann", Tags=many).code == "LimitExceeded"
    owned = [{"Key": "aws:x", "Value": ""}]
    assert stage.error("TagUser", UserName="ann", Tags=owned).code == "InvalidInput"
