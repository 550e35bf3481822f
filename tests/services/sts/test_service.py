"""Sessions: who gets one, for how long, and as whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kennel.identity import Principal
from kennel.identity.key_ids import new_access_key_id
from tests.services.iam.stage import ACCOUNT, READ_S3, Stage, document, trust

ANY = {"AWS": ACCOUNT}


def _assume(stage: Stage, arn: str, caller: Principal | None = None, **more: Any) -> dict[str, Any]:
    return stage.call("AssumeRole", caller, RoleArn=arn, RoleSessionName="s1", **more)


def _principal(stage: Stage, reply: dict[str, Any]) -> Principal:
    found = stage.credentials.find(reply["Credentials"]["AccessKeyId"])
    assert found is not None
    assert found.session_token == reply["Credentials"]["SessionToken"]
    return found.principal


def test_the_caller_is_told_who_it_is(stage: Stage) -> None:
    ann = stage.user("ann")
    assert stage.call("GetCallerIdentity", ann) == {
        "UserId": ann.user_id,
        "Account": ACCOUNT,
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/ann",
    }


def test_an_assumed_role_is_who_calls_then(stage: Stage) -> None:
    ann = stage.user("ann")
    arn = stage.role("job", trust({"AWS": ann.arn}), Path="/p/")
    reply = _assume(stage, arn, ann)
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/job/s1"
    assert reply["AssumedRoleUser"]["Arn"] == session
    principal = _principal(stage, reply)
    identity = stage.call("GetCallerIdentity", principal)
    assert identity["Arn"] == session
    assert identity["UserId"] == reply["AssumedRoleUser"]["AssumedRoleId"]
    assert identity["UserId"].endswith(":s1")
    assert principal.role_arn == arn


def test_a_session_outlives_a_restart_and_then_ends(tmp_path: Path) -> None:
    with Stage(tmp_path / "state") as first:
        reply = _assume(first, first.role("job", trust(ANY)))
    assert reply["Credentials"]["Expiration"] == first.clock.wall() + 3_600
    with Stage(tmp_path / "state") as second:
        found = second.credentials.find(reply["Credentials"]["AccessKeyId"])
    assert found is not None
    assert found.secret_access_key == reply["Credentials"]["SecretAccessKey"]


def test_a_role_that_does_not_trust_and_one_that_is_not_there_look_alike(stage: Stage) -> None:
    ann = stage.user("ann")
    bea = stage.user("bea")
    arn = stage.role("job", trust({"AWS": ann.arn}))
    for role, caller in ((arn, bea), (arn + "x", ann)):
        error = stage.error("AssumeRole", caller, RoleArn=role, RoleSessionName="s1")
        assert (error.code, error.status) == ("AccessDenied", 403)
        assert error.message == (
            f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
        )


def test_a_role_for_services_is_not_for_people(stage: Stage) -> None:
    arn = stage.role("job", trust({"Service": "sagemaker.amazonaws.com"}))
    error = stage.error("AssumeRole", RoleArn=arn, RoleSessionName="s1")
    assert error.code == "AccessDenied"


def test_roles_can_be_chained_for_an_hour(stage: Stage) -> None:
    first = stage.role("first", trust(ANY), MaxSessionDuration=43_200)
    second = stage.role("second", trust({"AWS": first}), MaxSessionDuration=43_200)
    session = _principal(stage, _assume(stage, first))
    chained = _principal(stage, _assume(stage, second, session))
    assert chained.role_arn == second
    error = stage.error(
        "AssumeRole", session, RoleArn=second, RoleSessionName="s", DurationSeconds=3_601
    )
    assert (error.code, "role chaining" in error.message) == ("ValidationError", True)


def test_the_role_bounds_the_duration(stage: Stage) -> None:
    arn = stage.role("job", trust(ANY), MaxSessionDuration=7_200)
    reply = _assume(stage, arn, DurationSeconds=7_200)
    assert reply["Credentials"]["Expiration"] == stage.clock.wall() + 7_200
    error = stage.error("AssumeRole", RoleArn=arn, RoleSessionName="s", DurationSeconds=7_201)
    assert error.code == "ValidationError"
    assert "MaxSessionDuration" in error.message


def test_the_external_id_counts(stage: Stage) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "dog"}}
    arn = stage.role("job", trust(ANY, Condition=condition))
    _assume(stage, arn, ExternalId="dog")
    error = stage.error("AssumeRole", RoleArn=arn, RoleSessionName="s1", ExternalId="cat")
    assert error.code == "AccessDenied"


def test_session_policies_and_tags_are_kept_with_the_session(stage: Stage) -> None:
    arn = stage.role("job", document(Principal=ANY, Action=["sts:AssumeRole", "sts:TagSession"]))
    managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    reply = _assume(
        stage,
        arn,
        Policy=READ_S3,
        PolicyArns=[{"arn": managed}],
        Tags=[{"Key": "team", "Value": "dogs"}],
    )
    assert 0 < reply["PackedPolicySize"] <= 100
    found = stage.credentials.find(reply["Credentials"]["AccessKeyId"])
    assert found is not None
    scope = found.principal.session
    assert scope is not None
    assert (scope.policy, scope.policy_arns) == (READ_S3, (managed,))
    assert scope.tags == (("team", "dogs"),)


def test_a_bad_session_policy_is_refused(stage: Stage) -> None:
    arn = stage.role("job", trust(ANY))
    error = stage.error("AssumeRole", RoleArn=arn, RoleSessionName="s1", Policy="{")
    assert error.code == "MalformedPolicyDocument"
    arns = [{"arn": "arn:aws:iam::aws:policy/" + "x" * 500}] * 5
    error = stage.error("AssumeRole", RoleArn=arn, RoleSessionName="s1", PolicyArns=arns)
    assert error.code == "PackedPolicyTooLarge"


@pytest.mark.parametrize("arn", ["job", "arn:aws:iam::123456789012:user/ann", "arn:aws:s3:::b"])
def test_only_roles_are_assumed(stage: Stage, arn: str) -> None:
    error = stage.error("AssumeRole", RoleArn=arn, RoleSessionName="s1")
    assert (error.code, error.message) == ("ValidationError", f"{arn} is invalid")


def test_a_session_token_acts_as_its_user(stage: Stage) -> None:
    ann = stage.user("ann")
    reply = stage.call("GetSessionToken", ann)
    assert replace(_principal(stage, reply), session=None) == ann
    assert reply["Credentials"]["Expiration"] == stage.clock.wall() + 43_200
    short = stage.call("GetSessionToken", ann, DurationSeconds=900)
    assert short["Credentials"]["Expiration"] == stage.clock.wall() + 900


def test_roots_session_lasts_an_hour_at_most(stage: Stage) -> None:
    reply = stage.call("GetSessionToken", DurationSeconds=129_600)
    assert reply["Credentials"]["Expiration"] == stage.clock.wall() + 3_600


def test_a_role_gets_no_session_token(stage: Stage) -> None:
    session = _principal(stage, _assume(stage, stage.role("job", trust(ANY))))
    assert stage.error("GetSessionToken", session).code == "AccessDenied"


def test_a_key_id_tells_its_account(stage: Stage) -> None:
    key = new_access_key_id("AKIA", "111122223333")
    assert stage.call("GetAccessKeyInfo", AccessKeyId=key) == {"Account": "111122223333"}
    error = stage.error("GetAccessKeyInfo", AccessKeyId="not-a-key-id-at-all")
    assert error.code == "ValidationError"
