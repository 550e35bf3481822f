"""Instance profiles hold one role; the account has one alias."""

from __future__ import annotations

from tests.services.iam.stage import Stage, trust

EC2 = trust({"Service": "ec2.amazonaws.com"})


def test_a_profile_shows_its_role(stage: Stage) -> None:
    arn = stage.role("job", EC2)
    made = stage.call("CreateInstanceProfile", InstanceProfileName="box", Path="/p/")
    assert made["InstanceProfile"]["Roles"] == []
    stage.call("AddRoleToInstanceProfile", InstanceProfileName="box", RoleName="job")
    found = stage.call("GetInstanceProfile", InstanceProfileName="box")["InstanceProfile"]
    assert [role["Arn"] for role in found["Roles"]] == [arn]
    for listed in (
        stage.call("ListInstanceProfiles", PathPrefix="/p/"),
        stage.call("ListInstanceProfilesForRole", RoleName="job"),
    ):
        assert [one["InstanceProfileName"] for one in listed["InstanceProfiles"]] == ["box"]


def test_a_profile_holds_one_role_and_goes_empty(stage: Stage) -> None:
    stage.role("job", EC2)
    stage.role("other", EC2)
    profile = {"InstanceProfileName": "box"}
    stage.call("CreateInstanceProfile", **profile)
    assert stage.error("CreateInstanceProfile", **profile).code == "EntityAlreadyExists"
    stage.call("AddRoleToInstanceProfile", **profile, RoleName="job")
    error = stage.error("AddRoleToInstanceProfile", **profile, RoleName="other")
    assert error.code == "LimitExceeded"
    assert stage.error("DeleteInstanceProfile", **profile).code == "DeleteConflict"
    error = stage.error("RemoveRoleFromInstanceProfile", **profile, RoleName="other")
    assert error.code == "NoSuchEntity"
    stage.call("RemoveRoleFromInstanceProfile", **profile, RoleName="job")
    stage.call("DeleteInstanceProfile", **profile)
    assert stage.error("GetInstanceProfile", **profile).code == "NoSuchEntity"


def test_profiles_are_tagged(stage: Stage) -> None:
    profile = {"InstanceProfileName": "box"}
    stage.call("CreateInstanceProfile", **profile)
    stage.call("TagInstanceProfile", **profile, Tags=[{"Key": "k", "Value": "v"}])
    tags = stage.call("ListInstanceProfileTags", **profile)["Tags"]
    assert tags == [{"Key": "k", "Value": "v"}]
    stage.call("UntagInstanceProfile", **profile, TagKeys=["K"])
    assert stage.call("ListInstanceProfileTags", **profile)["Tags"] == []


def test_the_account_has_one_alias(stage: Stage) -> None:
    assert stage.call("ListAccountAliases")["AccountAliases"] == []
    stage.call("CreateAccountAlias", AccountAlias="kennel")
    assert stage.error("CreateAccountAlias", AccountAlias="kennel").code == "EntityAlreadyExists"
    stage.call("CreateAccountAlias", AccountAlias="dogs")
    assert stage.call("ListAccountAliases")["AccountAliases"] == ["dogs"]
    assert stage.error("DeleteAccountAlias", AccountAlias="kennel").code == "NoSuchEntity"
    stage.call("DeleteAccountAlias", AccountAlias="dogs")
    assert stage.call("ListAccountAliases")["AccountAliases"] == []


def test_the_summary_counts(stage: Stage) -> None:
    stage.role("job", EC2)
    stage.user("ann")
    summary = stage.call("GetAccountSummary")["SummaryMap"]
    assert (summary["Users"], summary["Roles"], summary["Groups"]) == (1, 1, 0)
