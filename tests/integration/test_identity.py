"""Who calls, over the wire: keys, sessions, signatures, and what happens when they are wrong."""

from __future__ import annotations

import hashlib
import hmac
import json
import stat
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from kennel.clock import SimulatedClock
from kennel.identity import CredentialDirectory, Principal
from kennel.store import Database
from tests.conftest import ClientFactory, PlaneFactory
from tests.integration.signing import At, S3At, S3QueryAt, keys_of, send, sign
from tests.planes import Plane
from tests.roles import EVERYTHING

V4 = Config(signature_version="s3v4")
EVERYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def _client(plane: Plane, service: str, keys: dict[str, Any]) -> Any:
    """A client with the keys of CreateAccessKey's or AssumeRole's reply."""
    return boto3.client(
        service,
        endpoint_url=plane.url,
        region_name="eu-west-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def _error(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


CALLS: dict[str, Callable[[Any], Any]] = {
    "s3": lambda client: client.list_buckets(),
    "sts": lambda client: client.get_caller_identity(),
    "iam": lambda client: client.list_users(),
    "sagemaker": lambda client: client.list_endpoints(),
    "logs": lambda client: client.describe_log_groups(),
    "sagemaker-runtime": lambda client: client.invoke_endpoint(EndpointName="e", Body=b"x"),
}


def _name(request: pytest.FixtureRequest, prefix: str) -> str:
    digest = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:10]
    return f"{prefix}-{digest}"


def test_root_is_told_who_it_is(plane: Plane, client: ClientFactory) -> None:
    identity = client("sts").get_caller_identity()
    assert identity["Arn"].endswith(":root")
    assert identity["Account"] == identity["UserId"]
    mode = stat.S_IMODE((plane.state / "credentials").stat().st_mode)
    assert mode == 0o600


@pytest.mark.parametrize(
    ("service", "answer"),
    [
        ("s3", ("SignatureDoesNotMatch", 403)),
        ("sts", ("SignatureDoesNotMatch", 403)),
        ("iam", ("SignatureDoesNotMatch", 403)),
        ("sagemaker", ("InvalidSignatureException", 400)),
        ("logs", ("InvalidSignatureException", 400)),
        ("sagemaker-runtime", ("InvalidSignatureException", 403)),
    ],
)
def test_a_wrong_secret_is_refused(plane: Plane, service: str, answer: tuple[str, int]) -> None:
    keys = {"AccessKeyId": plane.connection.access_key_id, "SecretAccessKey": "wrong"}
    assert _error(lambda: CALLS[service](_client(plane, service, keys))) == answer


@pytest.mark.parametrize(
    ("service", "answer"),
    [
        ("s3", ("InvalidAccessKeyId", 403)),
        ("sts", ("InvalidClientTokenId", 403)),
        ("iam", ("InvalidClientTokenId", 403)),
        ("sagemaker", ("UnrecognizedClientException", 400)),
        ("logs", ("UnrecognizedClientException", 400)),
        ("sagemaker-runtime", ("UnrecognizedClientException", 403)),
    ],
)
def test_an_unknown_key_is_refused(plane: Plane, service: str, answer: tuple[str, int]) -> None:
    keys = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "x"}
    assert _error(lambda: CALLS[service](_client(plane, service, keys))) == answer


def test_an_unsigned_request_is_refused(plane: Plane) -> None:
    for service, answer in (
        ("s3", ("AccessDenied", 403)),
        ("sts", ("MissingAuthenticationToken", 403)),
        ("sagemaker", ("MissingAuthenticationTokenException", 400)),
    ):
        unsigned = boto3.client(
            service,
            endpoint_url=plane.url,
            region_name="us-east-1",
            config=Config(signature_version=_unsigned()),
        )
        assert _error(lambda: CALLS[service](unsigned)) == answer  # noqa: B023


def _unsigned() -> Any:
    from botocore import UNSIGNED

    return UNSIGNED


def test_an_altered_body_is_refused(plane: Plane, client: ClientFactory) -> None:
    signer = At(keys_of(client("sts")), "sts", "us-east-1")
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    form = "application/x-www-form-urlencoded"
    request = sign(signer, "POST", f"{plane.url}/", body, Content_Type=form)
    assert send(request, body).status == 200
    altered = body.replace(b"GetCallerIdentity", b"GetSessionToken")
    reply = send(request, altered)
    assert (reply.status, reply.error[0]) == (403, "SignatureDoesNotMatch")


def test_an_altered_object_is_not_stored(
    plane: Plane, client: ClientFactory, request: pytest.FixtureRequest
) -> None:
    s3 = client("s3")
    bucket = _name(request, "altered")
    s3.create_bucket(Bucket=bucket)
    signer = S3At(keys_of(s3), "s3", "us-east-1")
    signed = sign(signer, "PUT", f"{plane.url}/{bucket}/key", b"the bytes")
    reply = send(signed, b"The bytes")
    assert (reply.status, reply.error[0]) == (400, "XAmzContentSHA256Mismatch")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert send(signed, b"the bytes").status == 200


@pytest.mark.parametrize("seconds", [-1_000, 1_000])
def test_a_clock_that_is_wrong_is_told_so(
    plane: Plane, client: ClientFactory, seconds: float
) -> None:
    s3 = S3At(keys_of(client("s3")), "s3", "us-east-1")
    s3.late = seconds
    reply = send(sign(s3, "GET", f"{plane.url}/"))
    assert (reply.status, reply.error[0]) == (403, "RequestTimeTooSkewed")
    sts = At(keys_of(client("sts")), "sts", "us-east-1")
    sts.late = seconds
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    code, message = send(sign(sts, "GET", f"{plane.url}/?{query}")).error
    assert code == "SignatureDoesNotMatch"
    assert message.startswith("Signature expired" if seconds < 0 else "Signature not yet current")


@pytest.mark.parametrize("config", [None, V4], ids=["default", "s3v4"])
def test_a_presigned_url_works_for_who_has_it(
    plane: Plane, request: pytest.FixtureRequest, config: Config | None
) -> None:
    s3 = plane.client("s3", config)
    bucket, key = _name(request, "presigned"), "ein Schlüssel/mit ~ und +.txt"
    s3.create_bucket(Bucket=bucket)
    names = {"Bucket": bucket, "Key": key}
    put = s3.generate_presigned_url("put_object", names)
    assert send(_plain("PUT", put), b"hello").status == 200
    get = s3.generate_presigned_url("get_object", names, ExpiresIn=60)
    assert send(_plain("GET", get)).body == b"hello"
    forged = get.replace("Schl", "schl").replace("Schl%C3", "schl%C3")
    assert send(_plain("GET", forged)).error[0] == "SignatureDoesNotMatch"
    assert send(_plain("DELETE", get)).error[0] == "SignatureDoesNotMatch"


def test_a_large_upload_through_a_default_presigned_url_goes_to_disk(
    plane: Plane, client: ClientFactory, request: pytest.FixtureRequest
) -> None:
    s3 = client("s3")
    names = {"Bucket": _name(request, "large"), "Key": "k"}
    s3.create_bucket(Bucket=names["Bucket"])
    url = s3.generate_presigned_url("put_object", names)
    size = 80 << 20  # more than a request may have that is read into memory
    assert send(_plain("PUT", url), bytes(size)).status == 200
    assert s3.head_object(**names)["ContentLength"] == size
    s3.delete_object(**names)


def _plain(method: str, url: str) -> Any:
    from botocore.awsrequest import AWSRequest

    return AWSRequest(method, url)


def test_a_presigned_url_ends(plane: Plane, client: ClientFactory) -> None:
    signer = S3QueryAt(keys_of(client("s3")), "s3", "us-east-1", expires=60)
    signer.late = -61
    reply = send(sign(signer, "GET", f"{plane.url}/bucket/key"))
    assert (reply.status, reply.error) == (403, ("AccessDenied", "Request has expired"))


def test_a_presigned_identity_is_told_who_signed(plane: Plane, client: ClientFactory) -> None:
    url = client("sts").generate_presigned_url("get_caller_identity", {}, HttpMethod="GET")
    reply = send(_plain("GET", url))
    assert reply.status == 200
    assert b":root</Arn>" in reply.body


def test_chunks_that_sign_each_other_are_checked(
    plane: Plane, client: ClientFactory, request: pytest.FixtureRequest
) -> None:
    s3 = client("s3")
    bucket = _name(request, "chunks")
    s3.create_bucket(Bucket=bucket)

    class Streaming(S3At):
        def payload(self, request: object) -> str:
            return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"

    signer = Streaming(keys_of(s3), "s3", "us-east-1")
    chunks = [b"a" * 65_536, b"b" * 1_000]
    signed = sign(
        signer,
        "PUT",
        f"{plane.url}/{bucket}/key",
        Content_Encoding="aws-chunked",
        X_Amz_Decoded_Content_Length=str(sum(map(len, chunks))),
    )
    body = _chunked(signer, signed, chunks)
    changed = body.replace(b"b" * 10, b"c" * 10, 1)
    assert send(signed, changed).error[0] == "SignatureDoesNotMatch"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert send(signed, body).status == 200
    assert s3.get_object(Bucket=bucket, Key="key")["Body"].read() == b"".join(chunks)


def _chunked(signer: Any, request: Any, chunks: list[bytes]) -> bytes:
    stamp = request.context["timestamp"]
    scope = signer.credential_scope(request)
    previous = request.headers["Authorization"].rpartition("Signature=")[2]
    key = f"AWS4{signer.credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    empty = hashlib.sha256(b"").hexdigest()
    body = b""
    for chunk in [*chunks, b""]:
        digest = hashlib.sha256(chunk).hexdigest()
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{stamp}\n{scope}\n{previous}\n{empty}\n{digest}"
        previous = hmac.digest(key, text.encode(), "sha256").hex()
        body += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk + b"\r\n"
    return body


def test_a_users_key_works_while_it_is_active(
    plane: Plane, client: ClientFactory, request: pytest.FixtureRequest
) -> None:
    iam, name = client("iam"), _name(request, "ann")
    iam.create_user(UserName=name)
    keys = iam.create_access_key(UserName=name)["AccessKey"]
    own = _client(plane, "sts", keys)
    assert own.get_caller_identity()["Arn"].endswith(f":user/{name}")
    ids = {"UserName": name, "AccessKeyId": keys["AccessKeyId"]}
    iam.update_access_key(**ids, Status="Inactive")
    assert _error(own.get_caller_identity) == ("InvalidClientTokenId", 403)
    iam.update_access_key(**ids, Status="Active")
    own.get_caller_identity()
    iam.delete_access_key(**ids)
    assert _error(own.get_caller_identity) == ("InvalidClientTokenId", 403)
    iam.delete_user(UserName=name)


def test_roles_are_assumed_one_after_the_other(
    plane: Plane, client: ClientFactory, request: pytest.FixtureRequest
) -> None:
    iam, sts = client("iam"), client("sts")
    first, second, user = (_name(request, word) for word in ("first", "second", "user"))
    iam.create_user(UserName=user)
    keys = iam.create_access_key(UserName=user)["AccessKey"]
    arns = {}
    trusted = iam.get_user(UserName=user)["User"]["Arn"]
    for role in (first, second):
        policy = json.loads(json.dumps(EVERYBODY))
        policy["Statement"][0]["Principal"]["AWS"] = trusted
        made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(policy))
        trusted = arns[role] = made["Role"]["Arn"]
    iam.put_role_policy(
        RoleName=second, PolicyName="allowed", PolicyDocument=json.dumps(EVERYTHING)
    )
    denied = {"RoleArn": arns[second], "RoleSessionName": "one"}
    assert _error(lambda: sts.assume_role(**denied)) == ("AccessDenied", 403)
    session = _client(plane, "sts", keys).assume_role(RoleArn=arns[first], RoleSessionName="one")[
        "Credentials"
    ]
    chained = _client(plane, "sts", session).assume_role(
        RoleArn=arns[second], RoleSessionName="two"
    )["Credentials"]
    identity = _client(plane, "sts", chained).get_caller_identity()
    assert identity["Arn"].endswith(f":assumed-role/{second}/two")
    for service in ("s3", "sagemaker", "logs"):
        CALLS[service](_client(plane, service, chained))


@pytest.mark.parametrize(
    ("service", "answer"),
    [
        ("s3", ("InvalidToken", 400)),
        ("sts", ("InvalidClientTokenId", 403)),
        ("sagemaker", ("UnrecognizedClientException", 400)),
    ],
)
def test_a_forged_token_is_refused(
    plane: Plane, client: ClientFactory, service: str, answer: tuple[str, int]
) -> None:
    session = client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    CALLS[service](_client(plane, service, session))
    forged = session | {"SessionToken": session["SessionToken"][::-1]}
    assert _error(lambda: CALLS[service](_client(plane, service, forged))) == answer


def test_sessions_and_roles_outlive_a_kill_and_sessions_end(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    iam, sts = plane.client("iam"), plane.client("sts")
    role = iam.create_role(RoleName="job", AssumeRolePolicyDocument=json.dumps(EVERYBODY))["Role"]
    session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="one")["Credentials"]
    plane.kill()
    plane.start()
    assert iam.get_role(RoleName="job")["Role"]["RoleId"] == role["RoleId"]
    identity = _client(plane, "sts", session).get_caller_identity()
    assert identity["Arn"].endswith(":assumed-role/job/one")
    plane.stop()
    ended = _issued_an_hour_ago(plane, identity["Account"])
    plane.start()
    for service, answer in (
        ("s3", ("ExpiredToken", 400)),
        ("sts", ("ExpiredToken", 403)),
        ("sagemaker", ("ExpiredTokenException", 400)),
    ):
        own = _client(plane, service, ended)
        assert _error(lambda: CALLS[service](own)) == answer  # noqa: B023


def _issued_an_hour_ago(plane: Plane, account: str) -> dict[str, str]:
    database = Database(plane.state / "kennel.db")
    database.start()
    clock = SimulatedClock(time.time() - 3_600)
    directory = CredentialDirectory(database, clock, account, plane.state)
    directory.start()
    issued = directory.issue_session(Principal.root(account), 900)
    database.stop()
    return {
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret_access_key,
        "SessionToken": issued.session_token,
    }


def test_iams_documents_arrive_as_they_were_sent(
    client: ClientFactory, request: pytest.FixtureRequest
) -> None:
    iam, name = client("iam"), _name(request, "role")
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(EVERYBODY),
        Tags=[{"Key": "tag", "Value": "ä"}],
    )["Role"]
    found = iam.get_role(RoleName=name)["Role"]
    assert found["AssumeRolePolicyDocument"] == EVERYBODY
    assert found["CreateDate"] == made["CreateDate"]
    assert found["Tags"] == [{"Key": "tag", "Value": "ä"}]
    policy = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    shown = iam.get_role_policy(RoleName=name, PolicyName="p")
    assert shown["PolicyDocument"] == policy
    arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    assert [one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]] == [arn]
    default = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=default)["PolicyVersion"]
    assert "sagemaker:*" in json.dumps(version["Document"])


def test_text_that_no_xml_can_hold_is_refused_or_answered_readably(
    client: ClientFactory, request: pytest.FixtureRequest
) -> None:
    iam, s3 = client("iam"), client("s3")
    name = _name(request, "garbled")
    policy = '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    bad = "ValidationError", 400
    made = iam.create_policy(PolicyName=name, PolicyDocument=policy, Description="a\x02b\r")
    arn = made["Policy"]["Arn"]
    iam.create_user(UserName=name)
    for tag in ({"Key": "a\x02", "Value": ""}, {"Key": "a", "Value": "x\x03"}):
        assert _error(partial(iam.tag_user, UserName=name, Tags=[tag])) == bad
        assert _error(partial(iam.tag_policy, PolicyArn=arn, Tags=[tag])) == bad
    assert _error(lambda: iam.get_role(RoleName="a\x01b")) == bad
    assert _error(
        lambda: iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy + "\0")
    ) in (bad, ("MalformedPolicyDocument", 400))
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Description"] == "a\ufffdb\r"
    s3.create_bucket(Bucket=name)
    put = partial(s3.put_object, Bucket=name, Key="k\x01\r")
    assert _error(partial(put, Tagging="a%01=b%02")) == ("InvalidTag", 400)
    put(Tagging="a=b")
    assert s3.list_objects_v2(Bucket=name)["Contents"][0]["Key"] == "k\x01\r"
    assert _error(lambda: s3.get_object(Bucket=name, Key="\x02")) == ("NoSuchKey", 404)


def test_iams_errors_are_the_clients_own(client: ClientFactory) -> None:
    iam = client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="nobody")
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    assert _error(lambda: iam.list_virtual_mfa_devices())[1] == 501
