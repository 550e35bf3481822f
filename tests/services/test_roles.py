"""What other services ask of roles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kennel.errors import AccessDeniedException
from kennel.services import Dispatcher
from kennel.services.roles import RoleNotPassable, pass_role, role_principal, role_session
from tests.services.iam.stage import ACCOUNT, Stage, trust

SAGEMAKER = "sagemaker.amazonaws.com"
JOB = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/j"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path / "state") as one:
        yield one


def test_a_role_that_trusts_the_service_is_passed(stage: Stage) -> None:
    arn = stage.role("job", trust({"Service": SAGEMAKER}), Path="/service-role/")
    role = pass_role(stage.context(), arn, SAGEMAKER)
    assert (role.name, role.arn) == ("job", arn)
    caller, action, parameters = stage.authorizer.asked[-1]
    assert (caller, action) == (f"arn:aws:iam::{ACCOUNT}:root", "iam:PassRole")
    assert parameters == {"RoleArn": arn, "PassedToService": SAGEMAKER}


def test_a_role_for_one_resource_is_not_passed_for_another(stage: Stage) -> None:
    one, other = (f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name}" for name in "ab")
    condition = {"ArnEquals": {"aws:SourceArn": one}}
    arn = stage.role("job", trust({"Service": SAGEMAKER}, Condition=condition))
    assert pass_role(stage.context(), arn, SAGEMAKER, one).arn == arn
    assert pass_role(stage.context(), arn, SAGEMAKER).arn == arn, "it may become the resource's"
    with pytest.raises(RoleNotPassable, match=f"for {other}"):
        pass_role(stage.context(), arn, SAGEMAKER, other)


def test_a_role_that_does_not_trust_the_service_is_not_passed(stage: Stage) -> None:
    arn = stage.role("job", trust({"Service": "lambda.amazonaws.com"}))
    with pytest.raises(RoleNotPassable, match=r"does not let sagemaker.amazonaws.com assume it"):
        pass_role(stage.context(), arn, SAGEMAKER)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:role/none",
        f"arn:aws:iam::{ACCOUNT}:role/other/job",
        f"arn:aws:iam::{ACCOUNT}:role/JOB",
        "arn:aws:iam::999999999999:role/job",
        "job",
        "",
    ],
)
def test_a_role_that_is_not_there_is_not_passed(stage: Stage, arn: str) -> None:
    stage.role("job", trust({"Service": SAGEMAKER}))
    with pytest.raises(RoleNotPassable, match="does not exist"):
        pass_role(stage.context(), arn, SAGEMAKER)


def test_the_caller_must_be_allowed_to_pass_it(stage: Stage) -> None:
    arn = stage.role("job", trust({"Service": SAGEMAKER}))
    stage.authorizer.denied.add("iam:PassRole")
    with pytest.raises(AccessDeniedException):
        pass_role(stage.context(), arn, SAGEMAKER)


def test_a_job_gets_credentials_of_its_role(stage: Stage) -> None:
    arn = stage.role("job", trust({"Service": SAGEMAKER}))
    credentials = role_session(stage.context(), arn, SAGEMAKER, "training-1", 900, source_arn=JOB)
    principal = role_principal(stage.context(), arn, "training-1")
    assert credentials.principal.arn == principal.arn
    assert principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/job/training-1"
    assert principal.role_arn == arn
    assert credentials.expires == stage.clock.wall() + 900
    assert stage.credentials.find(credentials.access_key_id) == credentials


def test_a_service_that_is_not_trusted_any_more_gets_no_credentials(stage: Stage) -> None:
    arn = stage.role("job", trust({"Service": SAGEMAKER}))
    with pytest.raises(RoleNotPassable, match=r"does not let lambda.amazonaws.com assume it"):
        role_session(stage.context(), arn, "lambda.amazonaws.com", "dogs", 900, source_arn=JOB)


def test_a_role_that_is_gone_acts_no_more(stage: Stage) -> None:
    arn = stage.role("job", trust({"Service": SAGEMAKER}))
    stage.call("DeleteRole", RoleName="job")
    with pytest.raises(RoleNotPassable):
        role_session(stage.context(), arn, SAGEMAKER, "s", 900, source_arn=JOB)
    with pytest.raises(RoleNotPassable):
        role_principal(stage.context(), arn, "s")


def test_a_plane_without_iam_has_no_roles(stage: Stage) -> None:
    alone = Dispatcher(stage.authorizer, "us-east-1", ACCOUNT)
    with pytest.raises(RuntimeError, match="no IAM service"):
        pass_role(alone.context(stage.context().principal), "arn", SAGEMAKER)
