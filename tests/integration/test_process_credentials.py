"""Jobs and endpoints act as their role, by sessions that expire and are renewed."""

from __future__ import annotations

import http.client
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import short_sessions
from tests.conftest import PlaneFactory
from tests.integration.model_archives import Hosting
from tests.integration.refusals import error_of
from tests.integration.stage import IMAGE, Stage, code_archive, training_request
from tests.planes import Plane, wait_until
from tests.roles import policy, role_arn

SECONDS = 3.0  # a session's life on this module's plane

# Tells S3 of each key that it gets, and which token it asks by.
JOB = """
import os, time
import boto3
from botocore.exceptions import BotoCoreError, ClientError

name = os.environ["TRAINING_JOB_NAME"]
session = boto3.Session()
s3, sts = session.client("s3"), session.client("sts")
ask = "|".join(os.environ["AWS_CONTAINER_" + name]
               for name in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN"))
known = set()
while True:
    try:
        arn = sts.get_caller_identity()["Arn"]
        keys = session.get_credentials().get_frozen_credentials()
        if keys.access_key not in known:
            s3.put_object(Bucket="stage", Key=f"{name}/{len(known)}",
                          Body="|".join([arn, *keys[:3], ask]).encode())
            known.add(keys.access_key)
    except (BotoCoreError, ClientError, RuntimeError) as error:
        print(error, flush=True)  # the plane is away, or took longer than a session lasts
    time.sleep(0.1)
"""

MODEL = """
import json
import boto3

session = boto3.Session()

def model_fn(model_dir):
    return session.client("sts").get_caller_identity()["Arn"]

def predict_fn(data, model):
    keys = session.get_credentials().get_frozen_credentials()
    return {"loaded as": model, "now": session.client("sts").get_caller_identity()["Arn"],
            "key": keys.access_key}

def input_fn(body, content_type):
    return body

def output_fn(prediction, accept):
    return json.dumps(prediction)
"""


@pytest.fixture(scope="module")
def plane(module_plane_factory: PlaneFactory) -> Plane:
    return module_plane_factory("--iam", "enforce", prefix=short_sessions.prefix(SECONDS))


@pytest.fixture(scope="module")
def stage(plane: Plane) -> Stage:
    stage = Stage(plane)
    (plane.state / "images.toml").write_text(
        f'[images]\n"{IMAGE}" = {{ command = {json.dumps([sys.executable, "-c", JOB])} }}\n'
    )
    return stage


class Told:
    """What a job has told of the number-th key that it got."""

    def __init__(self, stage: Stage, job: str, number: int) -> None:
        def read() -> str | None:
            try:
                body = stage.client("s3").get_object(Bucket="stage", Key=f"{job}/{number}")["Body"]
            except ClientError:
                return None
            return str(body.read().decode())

        text = wait_until(read, what=f"key {number} of {job}")
        self.arn, self.key, self.secret, self.session, self.url, self.token = text.split("|")

    def identity(self, plane: Plane) -> str:
        """Who the plane takes the bearer of these keys for. Raises ClientError."""
        client = boto3.client(
            "sts",
            endpoint_url=plane.url,
            region_name="us-east-1",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            aws_session_token=self.session,
        )
        return str(client.get_caller_identity()["Arn"])


def asked(url: str, token: str | None, method: str = "GET") -> tuple[int, dict[str, Any]]:
    """Status and document of the credentials' endpoint."""
    headers = {} if token is None else {"Authorization": token}
    request = urllib.request.Request(url, headers=headers, method=method)
    try:
        with urllib.request.build_opener().open(request) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def start(stage: Stage, *names: str) -> None:
    for name in names:
        request = training_request(stage) | {"TrainingJobName": name}
        stage.client("sagemaker").create_training_job(**request)


def stop(stage: Stage, *names: str) -> None:
    sagemaker = stage.client("sagemaker")
    for name in names:
        sagemaker.stop_training_job(TrainingJobName=name)
    for name in names:
        sagemaker.get_waiter("training_job_completed_or_stopped").wait(
            TrainingJobName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}
        )


def test_a_job_gets_new_keys_before_the_old_expire_and_none_after_its_end(
    plane: Plane, stage: Stage
) -> None:
    start(stage, "one", "two")
    first = Told(stage, "one", 0)
    assert first.arn.endswith(":assumed-role/stage/SageMaker")
    other = Told(stage, "two", 0)
    assert first.key != other.key
    for token in (other.token, "", None, first.token[:-1], f"Bearer {first.token}"):
        status, document = asked(first.url, token)
        assert status == 401
        assert document.keys() == {"code", "message"}
    assert asked(first.url, first.token, "POST")[0] == 405
    assert asked(f"{first.url}x", first.token)[0] == 401
    status, document = asked(first.url, first.token)
    assert status == 200
    assert document["RoleArn"].endswith(":role/stage/stage")

    Told(stage, "one", 1)
    Told(stage, "one", 2)  # so the first has expired
    with pytest.raises(ClientError) as caught:
        first.identity(plane)
    assert caught.value.response["Error"]["Code"] == "ExpiredToken"

    plane.kill()
    plane.start()
    told = stage.client("s3").list_objects_v2(Bucket="stage", Prefix="one/")["KeyCount"]
    assert Told(stage, "one", told).token == first.token

    stop(stage, "one", "two")
    assert asked(first.url, first.token)[0] == 401
    said = plane.output + "".join(path.read_text() for path in plane.state.glob("*.log"))
    for secret in (first.secret, first.session, first.token):
        assert secret not in said


def test_an_endpoint_outlives_its_first_keys(plane: Plane) -> None:
    hosting = Hosting(plane)
    hosting.deploy("lasting", MODEL)
    hosting.wait("lasting")
    first = json.loads(hosting.invoke("lasting"))
    assert first["now"] == first["loaded as"]
    assert first["now"].endswith(":assumed-role/hosting/SageMaker")
    keys = {first["key"]}

    def renewed() -> bool:
        keys.add(json.loads(hosting.invoke("lasting"))["key"])
        return len(keys) == 2

    wait_until(renewed)


PATHS = st.builds(
    "/_kennel/{}/{}".format,
    st.sampled_from(["credentials", "instance"]),
    st.lists(
        st.text("abcdef0123456789/%.?;=~-_", max_size=80)
        | st.sampled_from(["latest", "api/token", "..", "%2e%2e", "%00", "%ff", "%2f"]),
        max_size=5,
    ).map("/".join),
)
HEADERS = st.dictionaries(
    st.sampled_from(["Authorization", "X-aws-ec2-metadata-token", "X-Forwarded-For", "Range"]),
    st.binary(max_size=80).map(lambda data: data.translate(None, b"\0\r\n")),
)


@settings(max_examples=150)
@given(st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE"]), PATHS, HEADERS, st.binary())
def test_whatever_is_asked_nothing_is_given_away_and_nothing_breaks(
    plane: Plane, method: str, path: str, headers: dict[str, bytes], body: bytes
) -> None:
    connection = http.client.HTTPConnection(plane.url.removeprefix("http://"))
    with closing(connection):
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        said = reply.read()
    assert 400 <= reply.status < 500
    assert b"ASIA" not in said


class Brief:
    """A role that everybody may assume, and that may do everything."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.iam = plane.client("iam")
        self.make()

    def make(self) -> None:
        self._arn = role_arn(self.iam, "brief")
        trust = policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
        self.iam.update_assume_role_policy(RoleName="brief", PolicyDocument=json.dumps(trust))

    def delete(self) -> None:
        for name in self.iam.list_role_policies(RoleName="brief")["PolicyNames"]:
            self.iam.delete_role_policy(RoleName="brief", PolicyName=name)
        self.iam.delete_role(RoleName="brief")

    def session(self) -> Any:
        """S3, by a new session of the role."""
        sts = self._plane.client("sts")
        keys = sts.assume_role(RoleArn=self._arn, RoleSessionName="brief")["Credentials"]
        return boto3.client(
            "s3",
            endpoint_url=self._plane.url,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )


def test_a_deleted_roles_sessions_may_do_nothing_and_its_namesake_does_not_help_them(
    plane: Plane,
) -> None:
    brief = Brief(plane)
    s3 = brief.session()
    s3.list_buckets()
    brief.delete()
    assert error_of(s3.list_buckets)[0] == "AccessDenied"
    brief.make()
    assert error_of(s3.list_buckets)[0] == "AccessDenied"
    brief.delete()


def test_sessions_are_revoked_by_the_policy_that_aws_has_for_it(plane: Plane) -> None:
    brief = Brief(plane)
    old = brief.session()
    old.list_buckets()
    before = datetime.now(UTC) + timedelta(seconds=1)
    deny = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": before.isoformat()}},
    }
    brief.iam.put_role_policy(
        RoleName="brief",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps(policy(deny)),
    )
    assert error_of(old.list_buckets)[0] == "AccessDenied"
    # One that comes later is good.
    wait_until(lambda: "Buckets" in allowed(brief.session().list_buckets))


def allowed(call: Callable[[], Any]) -> Any:
    """What a call answers; nothing if it is denied."""
    try:
        return call()
    except ClientError:
        return ()


def test_a_role_that_is_for_one_resource_is_taken_for_no_other(plane: Plane, stage: Stage) -> None:
    iam, sagemaker = plane.client("iam"), plane.client("sagemaker")
    hosting = Hosting(plane)
    hosting.role = role_arn(iam, "particular")
    account = hosting.role.split(":")[4]
    jobs = f"arn:aws:sagemaker:us-east-1:{account}:training-job/particular-*"
    trust = policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnLike": {"aws:SourceArn": jobs}},
        }
    )
    iam.update_assume_role_policy(RoleName="particular", PolicyDocument=json.dumps(trust))

    request = {**training_request(stage), "RoleArn": hosting.role}
    other = error_of(sagemaker.create_training_job, **{**request, "TrainingJobName": "other"})
    assert other[0] == "ValidationException"
    assert "Could not assume role" in other[1]
    sagemaker.create_training_job(**{**request, "TrainingJobName": "particular-1"})
    sagemaker.stop_training_job(TrainingJobName="particular-1")

    refused = error_of(
        plane.client("lambda").create_function,
        FunctionName="particular",
        Role=hosting.role,
        Runtime="python3.11",
        Handler="f.handler",
        Code={"ZipFile": code_archive()},
    )
    assert refused[:2] == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )

    hosting.deploy("particular", MODEL)  # a model may be for whichever endpoint
    with pytest.raises(WaiterError, match="Failed"):
        hosting.wait("particular")
    found = sagemaker.describe_endpoint(EndpointName="particular")
    assert f"assume it for {found['EndpointArn']}" in found["FailureReason"]
    sagemaker.delete_endpoint(EndpointName="particular")
