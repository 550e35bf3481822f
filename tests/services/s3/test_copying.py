from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.s3.contents import cut
from kennel.services.s3.copy_source import SourceName, parse_copy_source
from kennel.services.s3.errors import (
    InvalidArgument,
    InvalidRequest,
    NoSuchKey,
    PreconditionFailed,
)
from kennel.services.s3.ranges import Span
from kennel.store import Piece
from tests.services.s3.stage import MIB, Stage
from tests.services.s3.test_checksums import value_of


def copy(stage: Stage, source: str, target: str, **parameters):
    return stage.call(
        "CopyObject", Bucket="bucket", Key=target, CopySource=f"bucket/{source}", **parameters
    )


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("b/k", SourceName("b", "k", "")),
        ("/b/k/", SourceName("b", "k/", "")),
        ("b//k", SourceName("b", "/k", "")),
        ("b/a%20b%3FversionId=x", SourceName("b", "a b?versionId=x", "")),
        ("b%2Fk?versionId=v1", SourceName("b", "k", "v1")),
        ({"Bucket": "b", "Key": "k%20", "VersionId": "v"}, SourceName("b", "k%20", "v")),
    ],
)
def test_a_copy_source_names_an_object(header, name):
    assert parse_copy_source(header) == name


@pytest.mark.parametrize("header", ["", "b", "b/", "/k", "//"])
def test_a_copy_source_must_name_bucket_and_key(header):
    with pytest.raises(InvalidArgument):
        parse_copy_source(header)


@given(
    st.lists(st.integers(1, 10), max_size=6),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_a_cut_holds_the_bytes_of_its_span(lengths, start, end):
    data = bytes(range(100))
    pieces, position = [], 0
    for length in lengths:
        pieces.append(Piece("blob", position + 7, length))
        position += length + 3
    whole = b"".join(data[p.offset : p.offset + p.length] for p in pieces)
    kept = cut(pieces, Span(start, end))
    assert b"".join(data[p.offset : p.offset + p.length] for p in kept) == whole[start:end]
    assert all(piece.length for piece in kept)


def test_a_copy_shares_the_bytes_and_outlives_its_source(stage: Stage):
    stage.put("a", b"body", ContentType="text/plain", Metadata={"m": "1"}, Tagging="t=1")
    answer = copy(stage, "a", "b")
    assert answer["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"body").hexdigest()}"'
    assert stage.files() == 1
    stage.call("DeleteObject", Bucket="bucket", Key="a")
    head = stage.call("HeadObject", Bucket="bucket", Key="b")
    assert (head["ContentType"], head["Metadata"], head["TagCount"]) == (
        "text/plain", {"m": "1"}, 1,
    )  # fmt: skip
    assert stage.read("b") == b"body"
    stage.call("DeleteObject", Bucket="bucket", Key="b")
    assert stage.files() == 0


def test_a_copy_may_be_given_metadata_and_tags_of_its_own(stage: Stage):
    stage.put("a", Metadata={"m": "1"}, Tagging="t=1")
    copy(stage, "a", "b", MetadataDirective="REPLACE", Metadata={"n": "2"},
         TaggingDirective="REPLACE", Tagging="u=3", StorageClass="STANDARD_IA")  # fmt: skip
    head = stage.call("HeadObject", Bucket="bucket", Key="b")
    assert head["Metadata"] == {"n": "2"}
    assert head["StorageClass"] == "STANDARD_IA"
    tags = stage.call("GetObjectTagging", Bucket="bucket", Key="b")["TagSet"]
    assert tags == [{"Key": "u", "Value": "3"}]
    with pytest.raises(InvalidArgument):
        copy(stage, "a", "b", MetadataDirective="MERGE")


def test_a_copy_onto_itself_must_change_something(stage: Stage):
    stage.put("a", Metadata={"m": "1"})
    with pytest.raises(InvalidRequest):
        copy(stage, "a", "a")
    copy(stage, "a", "a", MetadataDirective="REPLACE", Metadata={"m": "2"})
    assert stage.call("HeadObject", Bucket="bucket", Key="a")["Metadata"] == {"m": "2"}
    assert stage.read("a") == b"body"
    assert stage.files() == 1


def test_a_copy_of_an_upload_is_an_object_put_whole(stage: Stage):
    first, last = b"a" * 5 * MIB, b"tail"
    stage.upload("a", first, last, ChecksumAlgorithm="SHA256")
    result = copy(stage, "a", "b")["CopyObjectResult"]
    assert result["ETag"] == f'"{hashlib.md5(first + last).hexdigest()}"'
    assert result["ChecksumSHA256"] == value_of("SHA256", first + last)
    assert result["ChecksumType"] == "FULL_OBJECT"
    assert stage.read("b") == first + last
    assert stage.files() == 2


def test_a_copy_may_take_another_checksum(stage: Stage):
    stage.put("a", b"body")
    result = copy(stage, "a", "b", ChecksumAlgorithm="SHA1")["CopyObjectResult"]
    assert result["ChecksumSHA1"] == value_of("SHA1", b"body")


def test_a_copy_is_conditional_on_source_and_target(stage: Stage):
    etag = stage.put("a")["ETag"]
    stage.put("b", b"there")
    with pytest.raises(PreconditionFailed):
        copy(stage, "a", "c", CopySourceIfNoneMatch=etag)
    with pytest.raises(PreconditionFailed):
        copy(stage, "a", "b", IfNoneMatch="*")
    copy(stage, "a", "c", CopySourceIfMatch=etag, IfNoneMatch="*")


def test_an_old_version_can_be_copied_over_the_new(versioned: Stage):
    old = versioned.put("k", b"old")["VersionId"]
    versioned.put("k", b"new")
    answer = copy(versioned, f"k?versionId={old}", "k")
    assert answer["CopySourceVersionId"] == old
    assert answer["VersionId"] not in (old, "null")
    assert versioned.read("k") == b"old"


def test_a_missing_source_is_named(stage: Stage):
    with pytest.raises(NoSuchKey) as caught:
        copy(stage, "a", "b")
    assert caught.value.members == {"Key": "a"}


def test_a_part_can_be_a_range_of_an_object(stage: Stage):
    data = bytes(range(256)) * 4 * 6 * 1024
    stage.put("a", data)
    upload = stage.begin("b")
    parts = []
    for number, span in ((1, f"bytes=3-{5 * MIB + 2}"), (2, "bytes=0-9")):
        answer = stage.call("UploadPartCopy", Bucket="bucket", Key="b", UploadId=upload,
                            PartNumber=number, CopySource="bucket/a",
                            CopySourceRange=span)["CopyPartResult"]  # fmt: skip
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    assert parts[1]["ETag"] == f'"{hashlib.md5(data[:10]).hexdigest()}"'
    answer = stage.complete("b", upload, parts)
    whole = data[3 : 5 * MIB + 3] + data[:10]
    assert stage.read("b") == whole
    assert answer["ChecksumCRC64NVME"] == value_of("CRC64NVME", whole)
    assert stage.files() == 1
    stage.call("DeleteObject", Bucket="bucket", Key="a")
    assert stage.read("b") == whole
    stage.call("DeleteObject", Bucket="bucket", Key="b")
    assert stage.files() == 0


def test_a_part_can_be_a_whole_upload(stage: Stage):
    stage.upload("a", b"a" * 5 * MIB, b"tail")
    upload = stage.begin("b")
    answer = stage.call("UploadPartCopy", Bucket="bucket", Key="b", UploadId=upload, PartNumber=1,
                        CopySource="bucket/a")["CopyPartResult"]  # fmt: skip
    stage.complete("b", upload, [{"PartNumber": 1, "ETag": answer["ETag"]}])
    assert stage.read("b") == b"a" * 5 * MIB + b"tail"
    got = stage.call("GetObject", Bucket="bucket", Key="b", PartNumber=1)
    assert (got["PartsCount"], got["ContentLength"]) == (1, 5 * MIB + 4)


def test_copies_go_on_while_their_source_is_replaced(stage: Stage):
    from concurrent.futures import ThreadPoolExecutor

    stage.put("a", b"0" * 100)

    def replace(number: int) -> None:
        for _ in range(30):
            stage.put("a", str(number).encode() * 100)

    def make(number: int) -> None:
        for _ in range(30):
            # Another algorithm than the source's, so that its bytes must be read.
            copy(stage, "a", f"copy-{number}", ChecksumAlgorithm="SHA256")

    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(lambda job: job[0](job[1]), [(replace, 1), (replace, 2), (make, 1), (make, 2)])
        )
    for number in (1, 2):
        body = stage.read(f"copy-{number}")
        assert len(set(body)) == 1
        head = stage.call("HeadObject", Bucket="bucket", Key=f"copy-{number}",
                          ChecksumMode="ENABLED")  # fmt: skip
        assert head["ChecksumSHA256"] == value_of("SHA256", body)
    assert stage.files() <= 3
