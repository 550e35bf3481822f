"""What a bucket and a function say of their callers themselves, over the wire."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import PlaneFactory
from tests.integration.callers import ACCOUNT, Caller, Callers, allow, denied
from tests.integration.functions import Functions
from tests.planes import Plane, wait_until
from tests.roles import policy

DENIED = "AccessDenied"
BUCKET = "shared"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"


@pytest.fixture(scope="module")
def plane(module_plane_factory: PlaneFactory) -> Plane:
    plane = module_plane_factory("--iam", "enforce")
    s3 = plane.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.delete_public_access_block(Bucket=BUCKET)
    return plane


@pytest.fixture(scope="module")
def callers(plane: Plane) -> Callers:
    return Callers(plane)


@pytest.fixture
def bucket(plane: Plane) -> Iterator[Any]:
    """The bucket's owner's client; the bucket's policy is gone after the test."""
    s3 = plane.client("s3")
    s3.put_object(Bucket=BUCKET, Key="one", Body=b"1")
    yield s3
    s3.delete_bucket_policy(Bucket=BUCKET)


def say(s3: Any, *statements: Mapping[str, Any]) -> None:
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy(*statements)))


def read(caller: Caller, key: str = "one") -> bytes:
    body: bytes = caller.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def test_a_bucket_lets_in_whom_it_names(bucket: Any, callers: Callers) -> None:
    ann = callers.user("ann")
    said = denied(lambda: read(ann), DENIED)
    assert said == (
        f"User: {ann.arn} is not authorized to perform: s3:GetObject on resource: "
        f'"arn:aws:s3:::{BUCKET}/one" because no identity-based policy allows the s3:GetObject '
        "action"
    )
    say(bucket, allow("s3:GetObject", OBJECTS, Principal={"AWS": ann.arn}))
    assert read(ann) == b"1"
    bucket.delete_bucket_policy(Bucket=BUCKET)
    denied(lambda: read(ann), DENIED)


def test_a_bucket_that_names_the_account_or_another_leaves_it_to_the_callers_policies(
    bucket: Any, callers: Callers
) -> None:
    bea = callers.user("bea")
    for account in (ACCOUNT, "111122223333"):
        say(bucket, allow("s3:GetObject", OBJECTS, Principal={"AWS": account}))
        denied(lambda: read(bea), DENIED)
    callers.let("bea", allow("s3:GetObject", OBJECTS))
    assert read(bea) == b"1"


def test_a_bucket_denies_its_owner_too_and_is_never_locked_for_good(
    bucket: Any, callers: Callers
) -> None:
    cat = callers.user("cat", allow("s3:*"))
    say(bucket, {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": OBJECTS})
    for client in (bucket, cat.client("s3")):
        message = denied(partial(client.get_object, Bucket=BUCKET, Key="one"), DENIED)
        assert message.endswith("with an explicit deny in a resource-based policy")
    bucket.delete_bucket_policy(Bucket=BUCKET)
    assert read(cat) == b"1"


def test_a_bucket_names_nobody_of_the_account_who_is_not_there(
    bucket: Any, callers: Callers
) -> None:
    role = callers.role("named")
    account = role.split(":")[4]
    gone = (f"{role}x", f"arn:aws:iam::{account}:user/absent")
    for name in gone:
        for member in ("Principal", "NotPrincipal"):
            with pytest.raises(ClientError) as caught:
                say(bucket, {**allow("s3:GetObject", OBJECTS), "Effect": "Deny",
                             member: {"AWS": [role, name]}})  # fmt: skip
            error = caught.value.response["Error"]
            assert error["Code"] == "MalformedPolicy"
            assert error["Message"] == "Invalid principal in policy"
    others = [role, f"arn:aws:iam::{account}:root", "arn:aws:iam::111122223333:role/unknown"]
    say(bucket, allow("s3:GetObject", OBJECTS, Principal={"AWS": others}))


def test_a_boundary_and_a_session_policy_bear_on_what_a_bucket_grants_to_a_role(
    bucket: Any, callers: Callers
) -> None:
    role = callers.role("reader")
    narrow = json.dumps(policy(allow("s3:ListBucket")))
    say(bucket, allow("s3:GetObject", OBJECTS, Principal={"AWS": role}))
    assert read(callers.session(role)) == b"1"
    assert denied(lambda: read(callers.session(role, Policy=narrow)), DENIED).endswith(
        "because no session policy allows the s3:GetObject action"
    )


def test_a_missing_key_is_told_to_whom_may_list(bucket: Any, callers: Callers) -> None:
    dan = callers.user("dan", allow("s3:GetObject", OBJECTS))
    denied(lambda: read(dan, "none"), DENIED)
    with pytest.raises(ClientError) as caught:
        dan.client("s3").head_object(Bucket=BUCKET, Key="none")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    callers.let("dan", allow("s3:GetObject", OBJECTS), allow("s3:ListBucket"))
    denied(lambda: read(dan, "none"), "NoSuchKey")


def test_a_folder_of_a_bucket_can_be_a_users_own(bucket: Any, callers: Callers) -> None:
    own: dict[str, Any] = {"Condition": {"StringLike": {"s3:prefix": "home/${aws:username}/*"}}}
    eli = callers.user(
        "eli",
        allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{BUCKET}/home/${{aws:username}}/*"),
        allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", **own),
    ).client("s3")
    eli.put_object(Bucket=BUCKET, Key="home/eli/x", Body=b"x")
    assert eli.list_objects_v2(Bucket=BUCKET, Prefix="home/eli/")["KeyCount"] == 1
    denied(lambda: eli.put_object(Bucket=BUCKET, Key="home/fay/x", Body=b"x"), DENIED)
    denied(lambda: eli.list_objects_v2(Bucket=BUCKET, Prefix="home/"), DENIED)
    denied(lambda: eli.list_objects_v2(Bucket=BUCKET), DENIED)


def test_strangers_get_what_a_public_bucket_gives_everybody(
    plane: Plane, bucket: Any, callers: Callers
) -> None:
    stranger = callers.stranger()
    assert denied(lambda: read(stranger), DENIED) == "Access Denied"
    say(bucket, allow("s3:GetObject", OBJECTS, Principal="*"))
    assert read(stranger) == b"1"
    with urllib.request.urlopen(f"{plane.url}/{BUCKET}/one") as page:
        assert page.read() == b"1"
    client = stranger.client("s3")
    denied(lambda: client.put_object(Bucket=BUCKET, Key="two", Body=b"2"), DENIED)
    denied(lambda: client.list_objects_v2(Bucket=BUCKET), DENIED)
    denied(lambda: client.list_buckets(), DENIED)
    denied(lambda: read(stranger, "none"), DENIED)
    say(bucket, allow(["s3:PutObject", "s3:GetObject"], OBJECTS, Principal={"AWS": "*"}))
    client.put_object(Bucket=BUCKET, Key="two", Body=b"2")
    assert read(stranger, "two") == b"2"


def test_a_bucket_asks_how_and_when_a_request_was_signed(bucket: Any, callers: Callers) -> None:
    gil = callers.user("gil")
    fourth = "s3v4"

    def fetch(version: str | None = None) -> int:
        parameters = {"Bucket": BUCKET, "Key": "one"}
        url = gil.client("s3", version).generate_presigned_url("get_object", Params=parameters)
        try:
            with urllib.request.urlopen(url) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code

    def only(**conditions: Any) -> None:
        granted = allow("s3:GetObject", OBJECTS, Principal={"AWS": gil.arn}, Condition=conditions)
        say(bucket, granted)

    only(StringEquals={"s3:signatureversion": "AWS4-HMAC-SHA256", "s3:ResourceAccount": ACCOUNT})
    assert (read(gil), fetch(fourth), fetch()) == (b"1", 200, 403), "the last is of version 2"
    only(StringEquals={"s3:authType": "REST-QUERY-STRING", "s3:signatureversion": "AWS"})
    assert (fetch(fourth), fetch()) == (403, 200)
    only(NumericLessThan={"s3:signatureAge": "600000"})
    assert (read(gil), fetch(fourth), fetch()) == (b"1", 200, 200)
    only(NumericLessThan={"s3:signatureAge": "-1"})
    assert fetch(fourth) == 403
    only(NumericGreaterThan={"s3:TlsVersion": "1"})
    denied(lambda: read(gil), DENIED)


def test_a_form_without_a_policy_is_a_strangers(plane: Plane, bucket: Any) -> None:
    boundary = "x"
    parts = [("key", "form"), ("file", "content")]
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts
    )
    request = urllib.request.Request(
        f"{plane.url}/{BUCKET}",
        f"{body}--{boundary}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    say(bucket, allow("s3:PutObject", OBJECTS, Principal="*"))
    with urllib.request.urlopen(request) as page:
        assert page.status == 204
    assert bucket.get_object(Bucket=BUCKET, Key="form")["Body"].read() == b"content"


def test_a_restricted_bucket_is_public_to_nobody(bucket: Any, callers: Callers) -> None:
    say(bucket, allow("s3:GetObject", OBJECTS, Principal="*"))
    settings = {"RestrictPublicBuckets": True}
    bucket.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=settings)
    try:
        denied(lambda: read(callers.stranger()), DENIED)
        assert read(callers.user("gus")) == b"1", "a user of the owner's account"
    finally:
        bucket.delete_public_access_block(Bucket=BUCKET)


def test_other_services_ask_strangers_to_sign(callers: Callers) -> None:
    stranger = callers.stranger()
    denied(
        lambda: stranger.client("sagemaker").list_endpoints(), "MissingAuthenticationTokenException"
    )
    denied(lambda: stranger.client("iam").list_users(), "MissingAuthenticationToken")


def test_a_function_is_invoked_by_whom_it_names(plane: Plane, callers: Callers) -> None:
    functions = Functions(plane)
    arn = functions.create("asked", "def handler(event, context):\n    return 1\n")["FunctionArn"]
    ivy = callers.user("ivy")
    client = ivy.client("lambda")
    assert denied(lambda: client.invoke(FunctionName="asked")) == (
        f"User: {ivy.arn} is not authorized to perform: lambda:InvokeFunction on resource: {arn} "
        "because no identity-based policy allows the lambda:InvokeFunction action"
    )
    permission = {"FunctionName": "asked", "StatementId": "ivy", "Principal": ivy.arn}
    functions.client.add_permission(Action="lambda:InvokeFunction", **permission)
    assert client.invoke(FunctionName="asked")["Payload"].read() == b"1"
    functions.client.remove_permission(FunctionName="asked", StatementId="ivy")
    denied(lambda: client.invoke(FunctionName="asked"))


def test_a_service_invokes_a_function_only_for_the_source_that_it_names(plane: Plane) -> None:
    functions = Functions(plane)
    script = "def handler(event, context):\n    return 1\n"
    arn = functions.create("told", script)["FunctionArn"]
    cloudwatch = plane.client("cloudwatch")
    alarms = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:"

    def permit(source: str) -> None:
        functions.client.add_permission(
            FunctionName="told",
            StatementId="alarms",
            Action="lambda:InvokeFunction",
            Principal="lambda.alarms.cloudwatch.amazonaws.com",
            SourceAccount=ACCOUNT,
            SourceArn=source,
        )

    def ring(name: str) -> str:
        """Sets an alarm off; says how its action fared."""
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmActions=[arn],
            Namespace="n",
            MetricName="m",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
        items = wait_until(
            lambda: cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")[
                "AlarmHistoryItems"
            ]
        )
        return str(items[0]["HistoryData"])

    assert "is not authorized to perform: lambda:InvokeFunction" in ring("before")
    permit(f"{alarms}right")
    assert "is not authorized" in ring("wrong")
    assert "is not authorized" not in ring("right")
