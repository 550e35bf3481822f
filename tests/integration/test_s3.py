"""S3 by boto3 with its default settings against a real plane."""

from __future__ import annotations

import base64
import hashlib
import uuid
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.planes import Plane
from tests.services.s3.test_objects import KEYS

MIB = 1 << 20
WIRE_KEYS = [*KEYS, "a/b/../c", "a//b", "a/./b", "a;b", "a,b", "a:b@c", "~", "a|b", "^", "{}", "[]"]


@pytest.fixture
def s3(client: Callable[[str], Any]) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"test-{uuid.uuid4().hex[:16]}"
    s3.create_bucket(Bucket=name)
    return name


def error_of(call: Callable[..., Any], **parameters: Any) -> tuple[str, int]:
    """Code and status of the error that the call must end in."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_what_is_put_is_got_with_the_checksum_that_boto3_sends(s3, bucket):
    put = s3.put_object(
        Bucket=bucket, Key="dog.jpg", Body=b"woof", ContentType="image/jpeg",
        Metadata={"breed": "Akita"}, Tagging="split=train", CacheControl="no-store",
        Expires=datetime(2030, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    crc = base64.b64encode(zlib.crc32(b"woof").to_bytes(4, "big")).decode()
    assert put["ETag"] == f'"{hashlib.md5(b"woof").hexdigest()}"'
    assert put["ChecksumCRC32"] == crc
    got = s3.get_object(Bucket=bucket, Key="dog.jpg", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"woof"
    assert got["ChecksumCRC32"] == crc
    assert got["ContentType"] == "image/jpeg"
    assert got["Metadata"] == {"breed": "Akita"}
    assert got["TagCount"] == 1
    assert got["CacheControl"] == "no-store"
    assert got["Expires"] == datetime(2030, 1, 1, tzinfo=UTC)
    assert got["AcceptRanges"] == "bytes"
    assert datetime.now(UTC) - got["LastModified"] < timedelta(minutes=1)
    head = s3.head_object(Bucket=bucket, Key="dog.jpg")
    assert (head["ContentLength"], head["ETag"]) == (4, put["ETag"])


@pytest.mark.parametrize("key", WIRE_KEYS)
def test_any_text_is_a_key(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    for listing in (s3.list_objects, s3.list_objects_v2):
        assert [item["Key"] for item in listing(Bucket=bucket)["Contents"]] == [key]
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [item["Key"] for item in versions] == [key]
    if key.isprintable():  # no XML holds the others
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})
    else:
        s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_keys_that_look_alike_are_apart(s3, bucket):
    for key in WIRE_KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == sorted(WIRE_KEYS, key=str.encode)


def test_a_key_that_is_too_long_is_refused(s3, bucket):
    assert error_of(s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"") == (
        "KeyTooLongError", 400,
    )  # fmt: skip


def test_every_checksum_of_boto3_travels(s3, bucket):
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
        put = s3.put_object(Bucket=bucket, Key="k", Body=b"body", ChecksumAlgorithm=algorithm)
        assert put[f"Checksum{algorithm}"]
        got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
        assert got["Body"].read() == b"body"  # which botocore holds against the checksum


def test_a_wrong_checksum_keeps_nothing(s3, bucket):
    wrong = base64.b64encode(b"\0\0\0\0").decode()
    assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"body", ChecksumCRC32=wrong) == (
        "BadDigest",
        400,
    )
    wrong = base64.b64encode(b"\0" * 16).decode()
    assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"body", ContentMD5=wrong) == (
        "BadDigest", 400,
    )  # fmt: skip
    assert error_of(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


def test_ranges_and_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    where = {"Bucket": bucket, "Key": "k"}
    got = s3.get_object(**where, Range="bytes=2-4")
    assert got["Body"].read() == b"234"
    assert got["ContentRange"] == "bytes 2-4/10"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.get_object(**where, Range="bytes=-3")["Body"].read() == b"789"
    assert error_of(s3.get_object, **where, Range="bytes=10-") == ("InvalidRange", 416)
    assert error_of(s3.get_object, **where, IfNoneMatch=etag) == ("304", 304)
    assert error_of(s3.get_object, **where, IfMatch='"x"') == ("PreconditionFailed", 412)
    future = datetime.now(UTC) + timedelta(days=1)
    assert error_of(s3.head_object, **where, IfModifiedSince=future) == ("304", 304)
    assert error_of(s3.put_object, **where, Body=b"", IfNoneMatch="*") == (
        "PreconditionFailed", 412,
    )  # fmt: skip
    s3.put_object(**where, Body=b"new", IfMatch=etag)


def test_errors_name_what_they_are_about(s3, bucket):
    with pytest.raises(s3.exceptions.NoSuchKey) as caught:
        s3.get_object(Bucket=bucket, Key="missing")
    assert caught.value.response["Error"]["Key"] == "missing"
    with pytest.raises(s3.exceptions.NoSuchBucket) as caught:
        s3.list_objects_v2(Bucket="no-such-bucket-here")
    assert caught.value.response["Error"]["BucketName"] == "no-such-bucket-here"
    assert error_of(s3.head_bucket, Bucket="no-such-bucket-here") == ("404", 404)
    assert error_of(s3.get_bucket_analytics_configuration, Bucket=bucket, Id="x") == (
        "NotImplemented", 501,
    )  # fmt: skip


def test_buckets_are_made_listed_and_deleted(s3, bucket):
    assert bucket in [item["Name"] for item in s3.list_buckets()["Buckets"]]
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    other = f"{bucket}-west"
    s3.create_bucket(Bucket=other, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert s3.get_bucket_location(Bucket=other)["LocationConstraint"] == "us-west-2"
    assert error_of(s3.create_bucket, Bucket=other,
                    CreateBucketConfiguration={"LocationConstraint": "us-west-2"}) == (
        "BucketAlreadyOwnedByYou", 409)  # fmt: skip
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert error_of(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    s3.delete_bucket(Bucket=other)
    assert error_of(s3.head_bucket, Bucket=bucket) == ("404", 404)


def test_paginators_see_every_key_once(s3, bucket):
    keys = [f"{folder}/{number:03d} ü" for folder in "abc" for number in range(10)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    for operation in ("list_objects", "list_objects_v2"):
        pages = s3.get_paginator(operation).paginate(
            Bucket=bucket, PaginationConfig={"PageSize": 7}
        )
        assert [item["Key"] for page in pages for item in page["Contents"]] == keys
        pages = s3.get_paginator(operation).paginate(
            Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}
        )
        prefixes = [item["Prefix"] for page in pages for item in page["CommonPrefixes"]]
        assert prefixes == ["a/", "b/", "c/"]
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 7}
    )
    assert [item["Key"] for page in pages for item in page["Versions"]] == keys


def test_versions_and_delete_markers(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"]
    assert error_of(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    got = s3.get_object(Bucket=bucket, Key="k", VersionId=first)
    assert (got["Body"].read(), got["VersionId"]) == (b"1", first)
    assert error_of(s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"]) == (
        "MethodNotAllowed",
        405,
    )
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


def test_copies_tags_and_attributes(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a ü", Body=b"body", Metadata={"m": "1"}, Tagging="t=1")
    copied = s3.copy_object(
        Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a ü"},
        MetadataDirective="REPLACE", Metadata={"m": "2"},
    )  # fmt: skip
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"body").hexdigest()}"'
    assert s3.head_object(Bucket=bucket, Key="b")["Metadata"] == {"m": "2"}
    tags = [{"Key": "breed", "Value": "Akita ü"}]
    s3.put_object_tagging(Bucket=bucket, Key="b", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == tags
    s3.delete_object_tagging(Bucket=bucket, Key="b")
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == []
    attributes = s3.get_object_attributes(
        Bucket=bucket, Key="b", ObjectAttributes=["ETag", "ObjectSize", "StorageClass", "Checksum"]
    )
    assert attributes["ObjectSize"] == 4
    assert attributes["ETag"] == hashlib.md5(b"body").hexdigest()
    assert attributes["Checksum"]["ChecksumType"] == "FULL_OBJECT"


def test_a_batch_delete_reports_each_key(s3, bucket):
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=str(number), Body=b"")
    answer = s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": str(number)} for number in range(4)]}
    )
    assert [item["Key"] for item in answer["Deleted"]] == ["0", "1", "2", "3"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_configurations_travel(s3, bucket):
    policy = (
        '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", '
        f'"Resource": "arn:aws:s3:::{bucket}/locked/*"}}]}}'
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    s3.delete_bucket_policy(Bucket=bucket)
    rules = [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 5}]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == rules
    rules = [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "tmp/"},
              "Expiration": {"Date": datetime(2030, 1, 1, tzinfo=UTC)}}]  # fmt: skip
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    tags = [{"Key": "team", "Value": "dogs"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert ownership["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    grants = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"]
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert error_of(s3.get_bucket_website, Bucket=bucket) == ("NoSuchWebsiteConfiguration", 404)


class Response(NamedTuple):
    status: int
    headers: Message
    body: bytes


def fetch(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Response:
    """A request with no header but those given."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, headers or {})
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())
    finally:
        connection.close()


@pytest.mark.parametrize("version", [None, "s3v4"])
def test_presigned_urls_put_and_get(plane: Plane, bucket, version):
    """boto3 presigns by signature version 2 unless it is told otherwise."""
    s3 = plane.client("s3", Config(signature_version=version) if version else None)
    where = {"Bucket": bucket, "Key": "a b/ü"}
    url = s3.generate_presigned_url("put_object", Params=where)
    assert ("X-Amz-Signature" in url) == bool(version)
    assert fetch("PUT", url, b"by link").status == 200
    url = s3.generate_presigned_url(
        "get_object", Params={**where, "ResponseContentType": "text/plain"}
    )
    response = fetch("GET", url)
    assert (response.status, response.body) == (200, b"by link")
    assert response.headers["Content-Type"] == "text/plain"
    response = fetch("GET", url, headers={"Range": "bytes=3-6"})
    assert (response.status, response.body) == (206, b"link")
    url = s3.generate_presigned_url("get_object", Params={**where, "Key": "missing"})
    response = fetch("GET", url)
    assert response.status == 404
    assert b"<Code>NoSuchKey</Code>" in response.body
    assert fetch("GET", url.replace("missing", "other")).status == 403


def test_other_ways_of_addressing_and_signing_work_too(plane: Plane, bucket):
    for config in (
        Config(s3={"addressing_style": "path"}),
        Config(s3={"payload_signing_enabled": True}),
        Config(request_checksum_calculation="when_required"),
        Config(response_checksum_validation="when_required"),
    ):
        s3 = plane.client("s3", config)
        s3.put_object(Bucket=bucket, Key="k", Body=b"body")
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"body"
