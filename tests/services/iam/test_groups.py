"""Groups hold users, through renames too."""

from __future__ import annotations

from tests.services.iam.stage import ACCOUNT, READ_S3, Stage


def _with_member(stage: Stage) -> None:
    stage.call("CreateGroup", GroupName="Dogs", Path="/a/")
    stage.call("CreateUser", UserName="ann")
    stage.call("AddUserToGroup", GroupName="Dogs", UserName="ann")


def test_members_are_listed_from_both_sides(stage: Stage) -> None:
    _with_member(stage)
    stage.call("AddUserToGroup", GroupName="Dogs", UserName="ann")  # again, to no effect
    found = stage.call("GetGroup", GroupName="Dogs")
    assert found["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/a/Dogs"
    assert [user["UserName"] for user in found["Users"]] == ["ann"]
    groups = stage.call("ListGroupsForUser", UserName="ann")["Groups"]
    assert [group["GroupName"] for group in groups] == ["Dogs"]


def test_a_renamed_group_keeps_its_members(stage: Stage) -> None:
    _with_member(stage)
    stage.call("UpdateGroup", GroupName="Dogs", NewGroupName="Hounds")
    assert stage.error("GetGroup", GroupName="Dogs").code == "NoSuchEntity"
    assert len(stage.call("GetGroup", GroupName="Hounds")["Users"]) == 1
    stage.call("UpdateGroup", GroupName="Hounds", NewGroupName="HOUNDS", NewPath="/b/")
    found = stage.call("GetGroup", GroupName="hounds")
    assert found["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/b/HOUNDS"
    assert len(found["Users"]) == 1


def test_a_group_takes_nobody_elses_name(stage: Stage) -> None:
    stage.call("CreateGroup", GroupName="a")
    stage.call("CreateGroup", GroupName="b")
    assert stage.error("CreateGroup", GroupName="A").code == "EntityAlreadyExists"
    error = stage.error("UpdateGroup", GroupName="a", NewGroupName="b")
    assert error.code == "EntityAlreadyExists"


def test_a_group_goes_only_when_nothing_hangs_on_it(stage: Stage) -> None:
    _with_member(stage)
    stage.call("PutGroupPolicy", GroupName="Dogs", PolicyName="p", PolicyDocument=READ_S3)
    assert stage.error("DeleteGroup", GroupName="Dogs").code == "DeleteConflict"
    stage.call("RemoveUserFromGroup", GroupName="Dogs", UserName="ann")
    assert stage.error("DeleteGroup", GroupName="Dogs").code == "DeleteConflict"
    stage.call("DeleteGroupPolicy", GroupName="Dogs", PolicyName="p")
    stage.call("DeleteGroup", GroupName="Dogs")
    assert stage.call("ListGroups")["Groups"] == []


def test_who_is_not_in_it_can_not_leave_it(stage: Stage) -> None:
    stage.call("CreateGroup", GroupName="Dogs")
    stage.call("CreateUser", UserName="ann")
    error = stage.error("RemoveUserFromGroup", GroupName="Dogs", UserName="ann")
    assert error.code == "NoSuchEntity"


def test_a_user_is_in_ten_groups_at_most(stage: Stage) -> None:
    stage.call("CreateUser", UserName="ann")
    for number in range(11):
        stage.call("CreateGroup", GroupName=f"g{number}")
    for number in range(10):
        stage.call("AddUserToGroup", GroupName=f"g{number}", UserName="ann")
    error = stage.error("AddUserToGroup", GroupName="g10", UserName="ann")
    assert error.code == "LimitExceeded"
