"""Large objects: multipart uploads by boto3's own transfer manager, and streams of any length."""

from __future__ import annotations

import hashlib
import io
import os
import random
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.planes import Plane
from tests.soak import LARGE_OBJECT_BYTES

MIB = 1 << 20
MEMORY_LIMIT = 96 * MIB


@pytest.fixture
def s3(client: Callable[[str], Any]) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"large-{uuid.uuid4().hex[:16]}"
    s3.create_bucket(Bucket=name)
    return name


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_a_200_mb_upload_and_download_agree_bit_for_bit(s3, bucket, tmp_path: Path):
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        for _ in range(200):
            file.write(os.urandom(1_000_000))
    s3.upload_file(str(source), bucket, "data.bin", ExtraArgs={"Metadata": {"m": "1"}})
    head = s3.head_object(Bucket=bucket, Key="data.bin", ChecksumMode="ENABLED")
    assert head["ContentLength"] == 200_000_000
    assert head["ETag"].endswith('-24"')  # parts of 8 MiB
    assert head["ChecksumType"] in ("COMPOSITE", "FULL_OBJECT")
    assert head["Metadata"] == {"m": "1"}
    s3.download_file(bucket, "data.bin", str(target))
    assert digest(target) == digest(source)
    s3.copy({"Bucket": bucket, "Key": "data.bin"}, bucket, "copy.bin")
    s3.delete_object(Bucket=bucket, Key="data.bin")
    with closing(s3.get_object(Bucket=bucket, Key="copy.bin")["Body"]) as body:
        copied = hashlib.sha256()
        for chunk in body.iter_chunks(MIB):
            copied.update(chunk)
    assert copied.hexdigest() == digest(source)


def test_parts_may_come_in_any_order_and_be_listed_in_pages(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k ü", ContentType="text/plain")
    where = {"Bucket": bucket, "Key": "k ü", "UploadId": upload["UploadId"]}
    bodies = {number: bytes([number]) * 5 * MIB for number in (1, 2, 3)} | {10: b"tail"}
    numbers = list(bodies)
    random.Random(7).shuffle(numbers)
    etags = {
        number: s3.upload_part(**where, PartNumber=number, Body=bodies[number])["ETag"]
        for number in numbers
    }
    pages = s3.get_paginator("list_parts").paginate(**where, PaginationConfig={"PageSize": 3})
    assert [part["PartNumber"] for page in pages for part in page["Parts"]] == [1, 2, 3, 10]
    uploads = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(item["Key"], item["UploadId"]) for item in uploads] == [("k ü", upload["UploadId"])]
    parts = [{"PartNumber": number, "ETag": etags[number]} for number in sorted(etags)]
    with pytest.raises(ClientError, match="InvalidPartOrder"):
        s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts[::-1]})
    done = s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    assert done["ETag"].endswith('-4"')
    got = s3.get_object(Bucket=bucket, Key="k ü")
    assert got["ContentType"] == "text/plain"
    assert got["Body"].read() == b"".join(bodies[number] for number in sorted(bodies))
    part = s3.get_object(Bucket=bucket, Key="k ü", PartNumber=4)
    assert (part["PartsCount"], part["Body"].read()) == (4, b"tail")


def test_parts_may_be_copied_and_small_ones_are_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789" * MIB)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")
    where = {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}
    source = {"Bucket": bucket, "Key": "source"}
    parts = []
    for number, span in ((1, f"bytes=5-{5 * MIB + 4}"), (2, "bytes=0-3")):
        copied = s3.upload_part_copy(
            **where, PartNumber=number, CopySource=source, CopySourceRange=span
        )
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    whole = b"0123456789" * MIB
    assert s3.get_object(**source)["Body"].read() == whole
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == whole[5 : 5 * MIB + 5] + b"0123"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k2")
    where = {"Bucket": bucket, "Key": "k2", "UploadId": upload["UploadId"]}
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**where, PartNumber=number, Body=b"x")["ETag"],
        }
        for number in (1, 2)
    ]
    with pytest.raises(ClientError, match="EntityTooSmall"):
        s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    s3.abort_multipart_upload(**where)
    with pytest.raises(s3.exceptions.NoSuchUpload):
        s3.abort_multipart_upload(**where)


class Stream(io.RawIOBase):
    """A file of any length that is never in memory; its every MiB is different."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._position = 0
        self._block = random.Random(1).randbytes(MIB)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        block, offset = divmod(self._position, MIB)
        count = min(len(buffer), MIB - offset, self.size - self._position)
        if offset < 8:
            count = min(count, 8 - offset)
            buffer[:count] = block.to_bytes(8, "big")[offset : offset + count]
        else:
            buffer[:count] = self._block[offset : offset + count]
        self._position += count
        return count


def memory(pid: int, name: str) -> int:
    """VmRSS or VmHWM of a process, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {name} of {pid}")


def test_a_large_object_streams_in_constant_memory(plane_factory: Callable[..., Plane]):
    plane = plane_factory()
    s3 = plane.client("s3", Config(read_timeout=600, retries={"total_max_attempts": 1}))
    s3.create_bucket(Bucket="stream")
    s3.put_object(Bucket="stream", Key="first", Body=b"loads what is loaded at first use")
    before = memory(plane.pid, "VmRSS")
    s3.put_object(Bucket="stream", Key="large", Body=io.BufferedReader(Stream(LARGE_OBJECT_BYTES)))
    assert memory(plane.pid, "VmHWM") - before < MEMORY_LIMIT
    expected = io.BufferedReader(Stream(LARGE_OBJECT_BYTES), MIB)
    with closing(s3.get_object(Bucket="stream", Key="large")["Body"]) as body:
        received = 0
        for chunk in body.iter_chunks(4 * MIB):
            assert chunk == expected.read(len(chunk))
            received += len(chunk)
    assert received == LARGE_OBJECT_BYTES
    assert memory(plane.pid, "VmHWM") - before < MEMORY_LIMIT
