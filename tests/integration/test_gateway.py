"""The web server's own promises, over raw sockets and boto3."""

from __future__ import annotations

import concurrent.futures
import json
import re
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.planes import Plane, wait_until

ClientFactory = Callable[[str], Any]


def speak(plane: Plane, data: bytes, *, leave: bool = False) -> bytes:
    """Sends bytes as they are and returns all that comes back. `leave`: nothing more will come."""
    with socket.create_connection(("127.0.0.1", urlsplit(plane.url).port or 0), 10) as peer:
        peer.sendall(data)
        if leave:
            peer.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := peer.recv(65536):
            received += chunk
        return received


def error_of(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call()
    return dict(caught.value.response)


@pytest.mark.parametrize(
    ("service", "method", "parameters", "operation"),
    [
        ("sagemaker", "list_domains", {}, "ListDomains"),
        ("ec2", "describe_instances", {}, "DescribeInstances"),
        ("dynamodb", "list_tables", {}, "ListTables"),
        ("bedrock-runtime", "invoke_model", {"modelId": "m", "body": b"{}"}, "/model/m/invoke"),
        ("efs", "describe_file_systems", {}, "elasticfilesystem"),
        (
            "sagemaker-featurestore-runtime",
            "get_record",
            {"FeatureGroupName": "x", "RecordIdentifierValueAsString": "1"},
            "/FeatureGroup/x",
        ),
        (
            "s3",
            "list_bucket_inventory_configurations",
            {"Bucket": "bucket"},
            "ListBucketInventoryConfigurations",
        ),
    ],
)
def test_an_operation_that_kennel_does_not_run_is_refused_by_name(
    client: ClientFactory, service: str, method: str, parameters: dict[str, Any], operation: str
) -> None:
    response = error_of(lambda: getattr(client(service), method)(**parameters))
    assert response["Error"]["Code"] == "NotImplemented"
    assert operation in response["Error"]["Message"]
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_every_reply_carries_a_request_id(client: ClientFactory) -> None:
    one = client("sts").get_caller_identity()["ResponseMetadata"]
    other = error_of(lambda: client("s3").head_bucket(Bucket="no-such-bucket"))["ResponseMetadata"]
    assert re.fullmatch(r"[0-9a-f-]{36}", one["RequestId"])
    assert one["RequestId"] != other["HTTPHeaders"]["x-amz-request-id"]


def test_an_unsigned_request_gets_nowhere(plane: Plane) -> None:
    head = "Host: localhost\r\nConnection: close\r\n"
    target = "X-Amz-Target: SageMaker.ListEndpoints\r\nContent-Length: 2\r\n"
    reply = speak(plane, f"POST / HTTP/1.1\r\n{head}{target}\r\n{{}}".encode())
    assert b"MissingAuthenticationToken" in reply
    reply = speak(plane, f"GET /bucket/key HTTP/1.1\r\n{head}\r\n".encode())
    assert b"403" in reply.split(b"\r\n")[0]
    assert b"AccessDenied" in reply
    for path in ("/2015-03-31/functions/", "/2015-03-31/functions"):  # AWS's page has the first
        reply = speak(plane, f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        assert b"MissingAuthenticationToken" in reply
    path = "/endpoints/e/invocations"
    reply = speak(plane, f"POST {path} HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n".encode())
    assert b"MissingAuthenticationToken" in reply
    reply = speak(plane, f"GET /_kennel/status HTTP/1.1\r\n{head}\r\n".encode())
    assert b"MissingAuthenticationToken" in reply


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: banana\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /%ff%00/%e2%28 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request\r\n\r\n",
        b"GET /?X-Amz-Credential=%2F%2F%2F%2F HTTP/1.1\r\nHost: localhost\r\n"
        b"Connection: close\r\n\r\n",
    ],
)
def test_garbage_gets_an_answer_or_a_closed_connection_and_the_plane_goes_on(
    plane: Plane, garbage: bytes, client: ClientFactory
) -> None:
    reply = speak(plane, garbage, leave=b"Connection: close" not in garbage)
    assert b" 200 " not in reply.split(b"\r\n")[0]
    assert b" 50" not in reply.split(b"\r\n")[0]
    assert client("sts").get_caller_identity()["Account"]


@pytest.mark.parametrize(
    "head",
    [
        b"POST /bucket HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b",
        b"POST /bucket?delete HTTP/1.1",
        b"POST /endpoints/e/invocations HTTP/1.1",
        b"POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded",
        b"GET /_kennel/status HTTP/1.1",
    ],
)
def test_a_body_that_says_it_is_too_long_is_refused_at_once(plane: Plane, head: bytes) -> None:
    terabyte = head + b"\r\nHost: localhost\r\nContent-Length: 1099511627776\r\n\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(plane.url).port or 0), 10) as peer:
        peer.sendall(terabyte)
        assert re.match(rb"HTTP/1.1 4\d\d ", peer.recv(65536))


def test_a_client_that_leaves_in_the_middle_of_an_upload_leaves_nothing(
    plane: Plane, client: ClientFactory
) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="left-in-the-middle")
    url = s3.generate_presigned_url(
        "put_object", Params={"Bucket": "left-in-the-middle", "Key": "k"}
    )
    parts = urlsplit(url)
    blobs = plane.state / "blobs"

    def files() -> int:
        return sum(1 for path in blobs.glob("*/*"))

    before = files()
    head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as peer:
        peer.sendall(f"{head}Content-Length: {64 << 20}\r\n\r\n".encode() + b"x" * (8 << 20))
        wait_until(lambda: files() > before, what="the upload has begun")
    wait_until(lambda: files() == before, what="what was written is gone")
    assert "Contents" not in s3.list_objects_v2(Bucket="left-in-the-middle")


def test_hundreds_of_clients_at_once_are_all_answered(client: ClientFactory) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="crowd")

    def work(number: int) -> bytes:
        s3.put_object(Bucket="crowd", Key=str(number), Body=str(number).encode())
        body: bytes = s3.get_object(Bucket="crowd", Key=str(number))["Body"].read()
        return body

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        assert list(pool.map(work, range(300))) == [str(n).encode() for n in range(300)]


def test_the_planes_own_page_tells_what_it_is(plane: Plane) -> None:
    status, body = plane.connection.get("/_kennel/status")
    told = json.loads(body)
    assert status == 200
    assert told["url"] == plane.url
    assert told["account"] == "000000000000"
    assert told["clock"]["scale"] == 1.0
    assert "sagemaker" in told["services"]
    assert plane.connection.get("/_kennel/nothing")[0] == 404


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_policy_time_runs_at_the_scale_and_never_goes_back(
    plane_factory: Callable[..., Plane], end: str
) -> None:
    plane = plane_factory("--time-scale", "600")

    def policy_time() -> float:
        clock = json.loads(plane.connection.get("/_kennel/status")[1])["clock"]
        return float(clock["policy"])

    first = policy_time()
    wait_until(lambda: policy_time() > first + 60)
    last = policy_time()
    getattr(plane, end)()
    plane.start()
    assert policy_time() > last


def test_whatever_region_a_client_signs_for_the_planes_own_answers(plane: Plane) -> None:
    import boto3

    connection = plane.connection
    elsewhere = boto3.Session(
        aws_access_key_id=connection.access_key_id,
        aws_secret_access_key=connection.secret_access_key,
        region_name="eu-west-1",
    ).client("logs", endpoint_url=plane.url)
    elsewhere.create_log_group(logGroupName="/one/region")
    found = plane.client("logs").describe_log_groups(logGroupNamePrefix="/one/region")["logGroups"]
    assert [group["arn"].split(":")[3] for group in found] == ["us-east-1"]
