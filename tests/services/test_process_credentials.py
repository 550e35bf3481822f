"""Processes get their role's sessions, fresh ones, and only as long as they may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from kennel.services.process_credentials import CredentialDesk, NoSuchGrant
from kennel.services.roles import RoleNotPassable
from tests.services.iam.stage import ACCOUNT, Stage, trust

SAGEMAKER = "sagemaker.amazonaws.com"
HOUR = 3600.0


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path / "state") as one:
        yield one


@pytest.fixture
def desk(stage: Stage) -> CredentialDesk:
    return CredentialDesk(stage.dispatcher, ACCOUNT, stage.clock, stage.credentials.grants)


def ticket(stage: Stage, holder: str = "training-job/a", role: str = "job") -> tuple[str, str]:
    """What a process that acts as the role asks by; the role is made unless it is there."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    if stage.iam.find_role(arn) is None:
        stage.role(role, trust({"Service": SAGEMAKER}))
    given = stage.credentials.grants.open(holder, arn, "SageMaker", SAGEMAKER)
    return given.id, given.token


def test_a_process_acts_as_its_role(stage: Stage, desk: CredentialDesk) -> None:
    given = desk.ask(*ticket(stage))
    assert given.keys() == {"RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    found = stage.credentials.find(given["AccessKeyId"])
    assert found is not None
    assert found.secret_access_key == given["SecretAccessKey"]
    assert found.session_token == given["Token"]
    assert found.principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/job/SageMaker"
    assert found.principal.role_arn == given["RoleArn"]


def test_what_is_handed_out_lasts_for_half_an_hour_at_least(
    stage: Stage, desk: CredentialDesk
) -> None:
    asked = ticket(stage)
    keys = []
    for _ in range(13):
        given = desk.ask(*asked)
        left = datetime.fromisoformat(given["Expiration"]).timestamp() - stage.clock.wall()
        assert HOUR / 2 - 1 <= left <= HOUR
        keys.append(given["AccessKeyId"])
        stage.clock.advance(600.0)
    assert len(set(keys)) == 4  # one for each half hour that was begun, and not one a question


def test_two_processes_have_sessions_of_their_own(stage: Stage, desk: CredentialDesk) -> None:
    one, other = ticket(stage, "training-job/a"), ticket(stage, "training-job/b")
    assert desk.ask(*one)["AccessKeyId"] != desk.ask(*other)["AccessKeyId"]
    with pytest.raises(NoSuchGrant):
        desk.ask(one[0], other[1])


def test_a_process_that_has_ended_gets_nothing(stage: Stage, desk: CredentialDesk) -> None:
    asked = ticket(stage)
    desk.ask(*asked)
    stage.credentials.grants.end("training-job/a")
    with pytest.raises(NoSuchGrant):
        desk.ask(*asked)


def test_a_role_that_is_deleted_is_handed_out_no_more(stage: Stage, desk: CredentialDesk) -> None:
    asked = ticket(stage)
    before = desk.ask(*asked)
    stage.call("DeleteRole", RoleName="job")
    with pytest.raises(RoleNotPassable, match="does not exist"):
        desk.ask(*asked)
    stage.role("job", trust({"Service": SAGEMAKER}))
    assert desk.ask(*asked)["AccessKeyId"] != before["AccessKeyId"]


def test_a_role_that_trusts_the_service_no_more_is_handed_out_no_more(
    stage: Stage, desk: CredentialDesk
) -> None:
    asked = ticket(stage)
    desk.ask(*asked)
    stage.call(
        "UpdateAssumeRolePolicy",
        RoleName="job",
        PolicyDocument=trust({"Service": "ec2.amazonaws.com"}),
    )
    with pytest.raises(RoleNotPassable, match=r"does not let sagemaker.amazonaws.com assume it"):
        desk.ask(*asked)


def test_a_role_that_is_for_another_resource_is_not_handed_out(
    stage: Stage, desk: CredentialDesk
) -> None:
    job, other = (f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name}" for name in "ab")
    condition = {"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{ACCOUNT}:training-job/a*"}}
    arn = stage.role("job", trust({"Service": SAGEMAKER}, Condition=condition))
    grants = stage.credentials.grants
    mine = grants.open("training-job/a", arn, "SageMaker", SAGEMAKER, job)
    theirs = grants.open("training-job/b", arn, "SageMaker", SAGEMAKER, other)
    assert desk.ask(mine.id, mine.token)["RoleArn"] == arn
    with pytest.raises(RoleNotPassable, match=f"does not let {SAGEMAKER} assume it for {other}"):
        desk.ask(theirs.id, theirs.token)
