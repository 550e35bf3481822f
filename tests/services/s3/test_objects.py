from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kennel.errors import NotImplementedByKennel
from kennel.services.s3.errors import (
    AccessControlListNotSupported,
    InvalidPartNumber,
    InvalidRange,
    InvalidRequest,
    InvalidStorageClass,
    KeyTooLongError,
    MetadataTooLarge,
    NoSuchKey,
    NotModified,
    PreconditionFailed,
)
from kennel.store import BlobSlices, blobs, staging
from tests.services.s3.stage import Stage

KEYS = [
    "a", "a/b", "a/b/", "a/", "/", "//", "/a", "..", "../..", "./a", "a\\b", "a\x00b", "\x01", " ",
    "a b", "ä", "a\u0308", "日本語", "🐕", "%2F", "a+b", "a?b=c&d#e", "'\"<>&", "-rf", "k" * 1024,
    "é" * 512, "\U0010ffff", "con", "a\nb",
]  # fmt: skip


def test_what_is_put_is_got(stage: Stage):
    answer = stage.put("k", b"hello", ContentType="text/plain", Metadata={"Name": "Rex"})
    assert answer["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    got = stage.call("GetObject", Bucket="bucket", Key="k")
    assert isinstance(got["Body"], BlobSlices)
    assert got["Body"].read() == b"hello"
    assert got["ContentLength"] == 5
    assert got["ContentType"] == "text/plain"
    assert got["Metadata"] == {"name": "Rex"}
    assert got["ETag"] == answer["ETag"]
    assert got["LastModified"] == stage.clock.wall()
    assert "VersionId" not in got
    head = stage.call("HeadObject", Bucket="bucket", Key="k")
    assert head == {name: value for name, value in got.items() if name != "Body"}


def test_any_text_is_a_key_and_no_two_are_the_same(stage: Stage):
    for key in KEYS:
        stage.put(key, key.encode())
    for key in KEYS:
        assert stage.read(key) == key.encode()
    assert stage.keys() == sorted(KEYS, key=str.encode)
    names = [path.name for path in (stage.folder / "blobs").rglob("*")]
    assert all(set(name) <= set("0123456789abcdef") for name in names)


@given(key=st.text(min_size=1, max_size=80), body=st.binary(max_size=2000))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_come_back_from_any_key(stage: Stage, key, body):
    stage.put(key, body)
    assert stage.read(key) == body


def test_a_key_of_more_than_1024_bytes_is_refused(stage: Stage):
    assert isinstance(
        stage.error("PutObject", Bucket="bucket", Key="k" * 1025, Body=b""), KeyTooLongError
    )


def test_an_empty_object_needs_no_file(stage: Stage):
    stage.put("k", b"")
    assert stage.read("k") == b""
    assert stage.files() == 0


def test_a_body_may_be_a_file_or_a_staged_blob(stage: Stage, tmp_path: Path):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"model" * 1000)
    stage.put("from-file", path)
    path.write_bytes(b"changed later")
    assert stage.read("from-file") == b"model" * 1000
    with stage.blobs.stage(b"staged").open() as slices:
        assert slices.read() == b"staged"
    blob = stage.blobs.stage(b"staged")
    stage.put("staged", blob)
    blob.discard()  # what the gateway does at the end of every request
    assert stage.read("staged") == b"staged"


def test_a_staged_blob_whose_put_failed_is_gone_after_its_discard(stage: Stage):
    before = stage.files()
    blob = stage.blobs.stage(b"staged")
    stage.error("PutObject", Bucket="missing", Key="k", Body=blob)
    blob.discard()
    assert stage.files() == before


def test_an_overwritten_objects_bytes_are_freed(stage: Stage):
    stage.put("k", b"one")
    stage.put("k", b"two")
    assert stage.read("k") == b"two"
    assert stage.files() == 1
    stage.call("DeleteObject", Bucket="bucket", Key="k")
    assert stage.files() == 0


def test_a_reader_keeps_its_bytes_while_the_object_is_replaced_and_deleted(stage: Stage):
    stage.put("k", b"old" * 1000)
    body = stage.call("GetObject", Bucket="bucket", Key="k")["Body"]
    chunks = body.chunks(100)
    first = next(chunks)
    stage.put("k", b"new")
    stage.call("DeleteObject", Bucket="bucket", Key="k")
    assert first + b"".join(chunks) == b"old" * 1000
    body.close()
    assert stage.files() == 0


def test_deleting_what_is_not_there_is_no_error(stage: Stage):
    assert stage.call("DeleteObject", Bucket="bucket", Key="k") == {}


def test_a_missing_key_is_named(stage: Stage):
    error = stage.error("GetObject", Bucket="bucket", Key="k")
    assert isinstance(error, NoSuchKey)
    assert error.members == {"Key": "k"}


@pytest.mark.parametrize(
    ("header", "body", "content_range"),
    [
        ("bytes=0-1", b"01", "bytes 0-1/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
    ],
)
def test_a_range_is_answered_with_206_and_its_place(stage: Stage, header, body, content_range):
    stage.put("k", b"0123456789")
    got = stage.call("GetObject", Bucket="bucket", Key="k", Range=header, ChecksumMode="ENABLED")
    assert (got["Body"].read(), got["ContentRange"], got["_status"]) == (body, content_range, 206)
    assert got["ContentLength"] == len(body)
    assert "ChecksumCRC64NVME" not in got  # it would be the whole object's


def test_a_range_past_the_end_is_416(stage: Stage):
    stage.put("k", b"0123456789")
    error = stage.error("GetObject", Bucket="bucket", Key="k", Range="bytes=10-")
    assert isinstance(error, InvalidRange)
    assert error.headers == {"Content-Range": "bytes */10"}


def test_conditions_are_held_against_the_object(stage: Stage):
    etag = stage.put("k")["ETag"]
    then = datetime.fromtimestamp(stage.clock.wall(), UTC)
    get = {"Bucket": "bucket", "Key": "k"}
    stage.call("GetObject", **get, IfMatch=etag, IfModifiedSince=then - timedelta(seconds=1))
    assert isinstance(stage.error("GetObject", **get, IfNoneMatch=etag), NotModified)
    assert isinstance(stage.error("HeadObject", **get, IfModifiedSince=then), NotModified)
    assert isinstance(stage.error("GetObject", **get, IfMatch='"x"'), PreconditionFailed)


def test_a_conditional_put_happens_at_most_once(stage: Stage):
    stage.put("lock", b"mine", IfNoneMatch="*")
    error = stage.error("PutObject", Bucket="bucket", Key="lock", Body=b"yours", IfNoneMatch="*")
    assert isinstance(error, PreconditionFailed)
    assert stage.read("lock") == b"mine"
    assert stage.files() == 1
    etag = stage.call("HeadObject", Bucket="bucket", Key="lock")["ETag"]
    stage.put("lock", b"next", IfMatch=etag)
    error = stage.error("PutObject", Bucket="bucket", Key="lock", Body=b"late", IfMatch=etag)
    assert isinstance(error, PreconditionFailed)


def test_the_reply_may_override_the_objects_headers(stage: Stage):
    stage.put("k", CacheControl="no-cache", ContentDisposition="inline", ContentLanguage="de",
              Expires="Wed, 21 Oct 2026 07:28:00 GMT", ContentEncoding="aws-chunked,gzip",
              WebsiteRedirectLocation="/x")  # fmt: skip
    got = stage.call("GetObject", Bucket="bucket", Key="k")
    assert got["CacheControl"] == "no-cache"
    assert got["ContentEncoding"] == "gzip"
    assert got["Expires"] == "Wed, 21 Oct 2026 07:28:00 GMT"
    got = stage.call("GetObject", Bucket="bucket", Key="k", ResponseContentType="text/csv",
                     ResponseContentDisposition="attachment", ResponseCacheControl="max-age=1",
                     ResponseContentLanguage="en", ResponseContentEncoding="br",
                     ResponseExpires="Thu, 22 Oct 2026 07:28:00 GMT")  # fmt: skip
    assert got["ContentType"] == "text/csv"
    assert got["ContentDisposition"] == "attachment"
    assert got["CacheControl"] == "max-age=1"
    assert got["ContentLanguage"] == "en"
    assert got["ContentEncoding"] == "br"
    assert got["Expires"] == "Thu, 22 Oct 2026 07:28:00 GMT"


def test_an_object_without_a_type_is_binary(stage: Stage):
    stage.put("k")
    assert stage.call("HeadObject", Bucket="bucket", Key="k")["ContentType"] == (
        "binary/octet-stream"
    )


def test_metadata_is_limited_to_2_kb(stage: Stage):
    stage.put("k", Metadata={"k": "v" * 2047})
    error = stage.error("PutObject", Bucket="bucket", Key="k", Body=b"", Metadata={"k": "v" * 2048})
    assert isinstance(error, MetadataTooLarge)


def test_classes_that_can_be_read_at_once_are_kept_and_others_refused(stage: Stage):
    stage.put("k", StorageClass="STANDARD_IA")
    assert stage.call("HeadObject", Bucket="bucket", Key="k")["StorageClass"] == "STANDARD_IA"
    error = stage.error("PutObject", Bucket="bucket", Key="k", Body=b"", StorageClass="GLACIER")
    assert isinstance(error, InvalidStorageClass)
    assert "GLACIER" in error.message


def test_an_object_put_whole_is_its_own_first_part(stage: Stage):
    stage.put("k", b"body")
    got = stage.call("GetObject", Bucket="bucket", Key="k", PartNumber=1)
    assert got["Body"].read() == b"body"
    assert "PartsCount" not in got
    error = stage.error("GetObject", Bucket="bucket", Key="k", PartNumber=2)
    assert isinstance(error, InvalidPartNumber)
    error = stage.error("GetObject", Bucket="bucket", Key="k", PartNumber=1, Range="bytes=0-0")
    assert isinstance(error, InvalidRequest)


def test_an_enforced_bucket_takes_no_acl(stage: Stage):
    stage.put("k", ACL="bucket-owner-full-control")
    error = stage.error("PutObject", Bucket="bucket", Key="k", Body=b"", ACL="public-read")
    assert isinstance(error, AccessControlListNotSupported)


def test_what_is_not_done_is_refused_by_name(stage: Stage):
    with pytest.raises(NotImplementedByKennel, match="SSECustomerKey"):
        stage.put("k", SSECustomerKey="x")
    with pytest.raises(NotImplementedByKennel, match="SelectObjectContent"):
        stage.call("SelectObjectContent", Bucket="bucket", Key="k")


def test_a_get_and_a_put_at_once_see_an_object_whole(stage: Stage):
    """A reader that runs into a replaced object reads the new one, never an error."""
    from concurrent.futures import ThreadPoolExecutor

    bodies = [bytes([number]) * 5000 for number in range(4)]
    stage.put("k", bodies[0])

    def write(number: int) -> None:
        for _ in range(40):
            stage.put("k", bodies[number])

    def read(_: int) -> set[bytes]:
        return {stage.read("k") for _ in range(120)}

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, number) for number in range(4)]
        seen = set().union(*pool.map(read, range(2)))
        for writer in writers:
            writer.result()
    assert seen <= set(bodies)
    assert stage.files() == 1


def test_an_object_is_copied_to_a_file_of_the_callers_own(stage: Stage, tmp_path: Path):
    stage.put("k", b"shared")
    body = stage.call("GetObject", Bucket="bucket", Key="k")["Body"]
    body.copy_to(tmp_path / "copy")
    (tmp_path / "copy").write_bytes(b"scribbled")
    assert stage.read("k") == b"shared"
    assert io.BytesIO(body.read()).read() == b"shared"


def test_a_put_is_acknowledged_after_file_folder_and_row_are_on_disk(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    stage.put("first")  # makes the folder
    events: list[str] = []
    sync_file, sync_folder = staging.sync_file, blobs.sync_folder

    def file(descriptor: int) -> None:
        sync_file(descriptor)
        events.append("file")

    def folder(path: Path) -> None:
        sync_folder(path)
        events.append("folder")

    monkeypatch.setattr(staging, "sync_file", file)
    monkeypatch.setattr(blobs, "sync_folder", folder)
    stage.database.before_commit(lambda: events.append("commit"))
    stage.put("second")
    events.append("reply")
    assert events == ["file", "folder", "commit", "reply"]
