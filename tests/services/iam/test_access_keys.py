"""Access keys work while they are active and belong to their user."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from kennel.errors import AwsError
from tests.services.iam.stage import Stage


def _create(stage: Stage, user: str) -> str:
    key: str = stage.call("CreateAccessKey", UserName=user)["AccessKey"]["AccessKeyId"]
    return key


def test_a_key_can_be_used_at_once_and_its_secret_is_shown_once(stage: Stage) -> None:
    stage.call("CreateUser", UserName="ann")
    made = stage.call("CreateAccessKey", UserName="ann")["AccessKey"]
    found = stage.credentials.find(made["AccessKeyId"])
    assert found is not None
    assert found.secret_access_key == made["SecretAccessKey"]
    listed = stage.call("ListAccessKeys", UserName="ann")["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in listed] == [made["AccessKeyId"]]
    assert "SecretAccessKey" not in listed[0]


def test_an_inactive_key_is_not_found(stage: Stage) -> None:
    stage.call("CreateUser", UserName="ann")
    key = _create(stage, "ann")
    stage.call("UpdateAccessKey", UserName="ann", AccessKeyId=key, Status="Inactive")
    assert stage.credentials.find(key) is None
    listed = stage.call("ListAccessKeys", UserName="ann")["AccessKeyMetadata"]
    assert listed[0]["Status"] == "Inactive"
    stage.call("UpdateAccessKey", UserName="ann", AccessKeyId=key, Status="Active")
    assert stage.credentials.find(key) is not None
    stage.call("DeleteAccessKey", UserName="ann", AccessKeyId=key)
    assert stage.credentials.find(key) is None


def test_a_user_has_two_keys_at_most_however_many_ask_at_once(stage: Stage) -> None:
    stage.call("CreateUser", UserName="ann")

    def create(_: int) -> str:
        try:
            return _create(stage, "ann")
        except AwsError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert answers.count("LimitExceeded") == 6


def test_without_a_name_it_is_the_callers_own_key(stage: Stage) -> None:
    ann = stage.user("ann")
    assert stage.call("CreateAccessKey", ann)["AccessKey"]["UserName"] == "ann"
    assert len(stage.call("ListAccessKeys", ann)["AccessKeyMetadata"]) == 2
    assert stage.error("CreateAccessKey").code == "ValidationError"


def test_nobody_touches_another_users_key(stage: Stage) -> None:
    stage.call("CreateUser", UserName="ann")
    stage.call("CreateUser", UserName="bea")
    key = _create(stage, "ann")
    error = stage.error("DeleteAccessKey", UserName="bea", AccessKeyId=key)
    assert error.code == "NoSuchEntity"
    error = stage.error("UpdateAccessKey", UserName="bea", AccessKeyId=key, Status="Inactive")
    assert error.code == "NoSuchEntity"
    assert stage.credentials.find(key) is not None
