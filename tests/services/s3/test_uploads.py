from __future__ import annotations

import hashlib
import random

import pytest

from kennel.services.s3.errors import (
    BadDigest,
    EntityTooSmall,
    InvalidArgument,
    InvalidPart,
    InvalidPartNumber,
    InvalidPartOrder,
    InvalidRequest,
    MalformedXML,
    NoSuchKey,
    NoSuchUpload,
    PreconditionFailed,
)
from tests.services.s3.stage import MIB, Stage
from tests.services.s3.test_checksums import value_of

FIRST, SECOND, LAST = b"a" * 5 * MIB, b"b" * 6 * MIB, b"tail"


def etag_of(*parts: bytes) -> str:
    joined = b"".join(hashlib.md5(part).digest() for part in parts)
    return f'"{hashlib.md5(joined).hexdigest()}-{len(parts)}"'


def test_parts_in_any_order_make_an_object_in_the_order_of_their_numbers(stage: Stage):
    upload = stage.begin("k")
    bodies = {number: bytes([number]) * 5 * MIB for number in range(1, 5)} | {9: LAST}
    numbers = list(bodies)
    random.Random(1).shuffle(numbers)
    listed = {number: stage.part("k", upload, number, bodies[number]) for number in numbers}
    answer = stage.complete("k", upload, [listed[number] for number in sorted(listed)])
    assert answer["ETag"] == etag_of(*bodies.values())
    assert stage.read("k") == b"".join(bodies.values())
    assert stage.read("k", Range=f"bytes={5 * MIB - 1}-{5 * MIB}") == b"\x01\x02"


def test_completing_copies_nothing(stage: Stage):
    upload = stage.begin("k")
    listed = [stage.part("k", upload, 1, FIRST), stage.part("k", upload, 2, LAST)]
    before = {path: path.stat().st_ino for path in (stage.folder / "blobs").rglob("*")}
    stage.complete("k", upload, listed)
    assert {path: path.stat().st_ino for path in (stage.folder / "blobs").rglob("*")} == before


def test_an_upload_is_invisible_until_it_is_complete(stage: Stage):
    stage.put("k", b"old")
    upload = stage.begin("k")
    part = stage.part("k", upload, 1, b"new")
    assert stage.read("k") == b"old"
    stage.complete("k", upload, [part])
    assert stage.read("k") == b"new"
    assert stage.files() == 1


def test_a_part_sent_again_replaces_the_first(stage: Stage):
    upload = stage.begin("k")
    stage.part("k", upload, 1, b"first")
    part = stage.part("k", upload, 1, b"second")
    assert stage.files() == 1
    stage.complete("k", upload, [part])
    assert stage.read("k") == b"second"


def test_parts_that_are_not_listed_are_dropped(stage: Stage):
    upload = stage.begin("k")
    stage.part("k", upload, 1, b"dropped")
    stage.complete("k", upload, [stage.part("k", upload, 2, b"kept")])
    assert stage.read("k") == b"kept"
    assert stage.files() == 1


def test_an_aborted_upload_leaves_nothing(stage: Stage):
    upload = stage.begin("k")
    stage.part("k", upload, 1, b"part")
    stage.call("AbortMultipartUpload", Bucket="bucket", Key="k", UploadId=upload)
    assert stage.files() == 0
    assert "Uploads" not in stage.call("ListMultipartUploads", Bucket="bucket")
    for operation, more in (
        ("UploadPart", {"PartNumber": 1, "Body": b"x"}),
        ("ListParts", {}),
        ("AbortMultipartUpload", {}),
        ("CompleteMultipartUpload", {"MultipartUpload": {"Parts": [{"PartNumber": 1}]}}),
    ):
        error = stage.error(operation, Bucket="bucket", Key="k", UploadId=upload, **more)
        assert isinstance(error, NoSuchUpload)
    assert stage.files() == 0


def test_an_upload_belongs_to_its_key(stage: Stage):
    upload = stage.begin("k")
    error = stage.error("ListParts", Bucket="bucket", Key="other", UploadId=upload)
    assert isinstance(error, NoSuchUpload)


def test_completing_twice_gives_the_same_answer(stage: Stage):
    upload = stage.begin("k")
    parts = [stage.part("k", upload, 1, b"only")]
    assert stage.complete("k", upload, parts) == stage.complete("k", upload, parts)
    stage.put("k", b"replaced")
    with pytest.raises(NoSuchUpload):
        stage.complete("k", upload, parts)


def test_a_list_of_parts_must_hold(stage: Stage):
    upload = stage.begin("k")
    one, two = stage.part("k", upload, 1, FIRST), stage.part("k", upload, 2, LAST)
    for parts, error in (
        ([], MalformedXML),
        ([two, one], InvalidPartOrder),
        ([one, one], InvalidPartOrder),
        ([one, two, {"PartNumber": 3, "ETag": one["ETag"]}], InvalidPart),
        ([one, {**two, "ETag": one["ETag"]}], InvalidPart),
        ([one, {**two, "ChecksumCRC64NVME": value_of("CRC64NVME", b"x")}], InvalidPart),
    ):
        with pytest.raises(error):
            stage.complete("k", upload, parts)
    assert isinstance(stage.error("GetObject", Bucket="bucket", Key="k"), NoSuchKey)
    stage.complete("k", upload, [one, two])


def test_every_part_but_the_last_has_5_mib(stage: Stage):
    upload = stage.begin("k")
    small, last = stage.part("k", upload, 1, FIRST[1:]), stage.part("k", upload, 2, LAST)
    with pytest.raises(EntityTooSmall) as caught:
        stage.complete("k", upload, [small, last])
    assert caught.value.members["PartNumber"] == 1
    assert caught.value.members["ProposedSize"] == 5 * MIB - 1


@pytest.mark.parametrize("number", [0, 10_001, -1])
def test_part_numbers_go_from_1_to_10000(stage: Stage, number):
    upload = stage.begin("k")
    with pytest.raises(InvalidArgument):
        stage.part("k", upload, number, b"x")


def test_the_objects_properties_are_those_of_its_beginning(stage: Stage):
    upload = stage.begin(
        "k", ContentType="text/plain", Metadata={"a": "b"}, Tagging="t=1", StorageClass="GLACIER_IR"
    )
    started = stage.clock.wall()
    part = stage.part("k", upload, 1, b"x")
    stage.clock.advance(100)
    stage.complete("k", upload, [part])
    head = stage.call("HeadObject", Bucket="bucket", Key="k")
    assert head["ContentType"] == "text/plain"
    assert head["Metadata"] == {"a": "b"}
    assert head["TagCount"] == 1
    assert head["StorageClass"] == "GLACIER_IR"
    assert head["LastModified"] == started  # as S3 documents it


def test_a_completion_may_be_conditional(stage: Stage):
    stage.put("k", b"there")
    upload = stage.begin("k")
    parts = [stage.part("k", upload, 1, b"x")]
    with pytest.raises(PreconditionFailed):
        stage.complete("k", upload, parts, IfNoneMatch="*")
    with pytest.raises(InvalidRequest):
        stage.complete("k", upload, parts, MpuObjectSize=2)
    stage.complete("k", upload, parts, MpuObjectSize=1)


def test_parts_can_be_read_by_number(stage: Stage):
    stage.upload("k", FIRST, SECOND, LAST)
    got = stage.call("GetObject", Bucket="bucket", Key="k", PartNumber=2)
    assert got["Body"].read() == SECOND
    assert got["PartsCount"] == 3
    assert got["_status"] == 206
    size = len(FIRST + SECOND + LAST)
    assert got["ContentRange"] == f"bytes {len(FIRST)}-{len(FIRST + SECOND) - 1}/{size}"
    error = stage.error("HeadObject", Bucket="bucket", Key="k", PartNumber=4)
    assert isinstance(error, InvalidPartNumber)
    assert error.members["ActualPartCount"] == 3


def test_a_composite_checksum_covers_the_parts(stage: Stage):
    upload = stage.begin("k", ChecksumAlgorithm="SHA256")
    parts = [
        stage.part("k", upload, number, body, ChecksumSHA256=value_of("SHA256", body))
        for number, body in ((1, FIRST), (2, LAST))
    ]
    with pytest.raises(BadDigest):
        stage.complete("k", upload, parts, ChecksumSHA256=f"{value_of('SHA256', b'x')}-2")
    whole = hashlib.sha256(FIRST).digest() + hashlib.sha256(LAST).digest()
    composite = f"{value_of('SHA256', whole)}-2"
    answer = stage.complete("k", upload, parts, ChecksumSHA256=composite)
    joined = hashlib.sha256(FIRST).digest() + hashlib.sha256(LAST).digest()
    assert answer["ChecksumSHA256"] == f"{value_of('SHA256', joined)}-2"
    assert answer["ChecksumType"] == "COMPOSITE"
    attributes = stage.call("GetObjectAttributes", Bucket="bucket", Key="k",
                            ObjectAttributes=["ObjectParts", "ObjectSize"], MaxParts=1)  # fmt: skip
    assert attributes["ObjectSize"] == len(FIRST + LAST)
    assert attributes["ObjectParts"]["IsTruncated"]
    assert attributes["ObjectParts"]["Parts"] == [
        {"PartNumber": 1, "Size": 5 * MIB, "ChecksumSHA256": value_of("SHA256", FIRST)}
    ]


def test_a_full_objects_checksum_is_held_against_the_whole(stage: Stage):
    upload = stage.begin("k", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [stage.part("k", upload, 1, FIRST), stage.part("k", upload, 2, LAST)]
    with pytest.raises(BadDigest):
        stage.complete("k", upload, parts, ChecksumCRC32=value_of("CRC32", FIRST))
    whole = value_of("CRC32", FIRST + LAST)
    with pytest.raises(InvalidRequest):
        stage.complete("k", upload, parts, ChecksumType="COMPOSITE")
    answer = stage.complete("k", upload, parts, ChecksumCRC32=whole, ChecksumType="FULL_OBJECT")
    assert answer["ChecksumCRC32"] == whole


def test_an_upload_that_named_no_checksum_takes_parts_with_any(stage: Stage):
    upload = stage.begin("k")
    parts = [stage.part("k", upload, 1, b"x", ChecksumCRC32=value_of("CRC32", b"x"))]
    with pytest.raises(BadDigest):
        stage.part("k", upload, 1, b"y", ChecksumCRC32=value_of("CRC32", b"x"))
    assert stage.complete("k", upload, parts)["ChecksumCRC64NVME"] == value_of("CRC64NVME", b"x")


def test_an_upload_that_named_a_checksum_takes_no_other(stage: Stage):
    upload = stage.begin("k", ChecksumAlgorithm="SHA1")
    with pytest.raises(InvalidRequest):
        stage.part("k", upload, 1, b"x", ChecksumCRC32=value_of("CRC32", b"x"))


def test_uploads_are_listed_by_key_and_then_by_age(stage: Stage):
    made = []
    for key in ("b", "a/1", "b", "a/2"):
        stage.clock.advance(1)
        made.append((key, stage.begin(key)))
    wanted = [made[1], made[3], made[0], made[2]]
    found: list[tuple[str, str]] = []
    markers: dict[str, str] = {}
    while True:
        page = stage.call("ListMultipartUploads", Bucket="bucket", MaxUploads=1, **markers)
        found += [(item["Key"], item["UploadId"]) for item in page["Uploads"]]
        if not page["IsTruncated"]:
            break
        markers = {
            "KeyMarker": page["NextKeyMarker"],
            "UploadIdMarker": page["NextUploadIdMarker"],
        }
    assert found == wanted
    page = stage.call("ListMultipartUploads", Bucket="bucket", Delimiter="/", Prefix="")
    assert page["CommonPrefixes"] == [{"Prefix": "a/"}]
    assert len(page["Uploads"]) == 2


def test_parts_are_listed_in_pages(stage: Stage):
    upload = stage.begin("k", ChecksumAlgorithm="CRC32")
    for number in (3, 1, 7):
        stage.part("k", upload, number, b"x" * number)
    page = stage.call("ListParts", Bucket="bucket", Key="k", UploadId=upload, MaxParts=2)
    assert [(part["PartNumber"], part["Size"]) for part in page["Parts"]] == [(1, 1), (3, 3)]
    assert page["Parts"][0]["ChecksumCRC32"] == value_of("CRC32", b"x")
    assert page["IsTruncated"]
    page = stage.call("ListParts", Bucket="bucket", Key="k", UploadId=upload,
                      PartNumberMarker=page["NextPartNumberMarker"])  # fmt: skip
    assert [part["PartNumber"] for part in page["Parts"]] == [7]
    assert not page["IsTruncated"]


def test_ten_thousand_parts_are_one_object(stage: Stage):
    """The most that S3 takes; rows only, as bytes of that many parts would take 50 GB."""
    from kennel.services.s3.contents import Change
    from kennel.services.s3.upload_rows import Part, find_upload, put_part
    from kennel.store import Piece

    upload = stage.begin("k")
    blob = stage.blobs.stage(b"x" * 100)
    digest = hashlib.md5(b"x").hexdigest()

    def fill(connection):
        change = Change(connection)
        bucket = stage.s3._areas[0].bucket(connection, "bucket")
        row = find_upload(connection, bucket, "k", upload)
        for number in range(1, 10_001):
            part = Part(number, digest, 5 * MIB, 0, value_of("CRC64NVME", b"x"), 0)
            put_part(change, row, part, [Piece(blob.blob_id, number % 100, 1)])

    stage.database.write(fill)
    parts = [{"PartNumber": number, "ETag": digest} for number in range(1, 10_001)]
    assert stage.complete("k", upload, parts)["ETag"].endswith('-10000"')
    body = stage.call("GetObject", Bucket="bucket", Key="k")["Body"]
    assert len(body.pieces) == 10_000
    body.close()
    stage.call("DeleteObject", Bucket="bucket", Key="k")
    assert stage.files() == 0
