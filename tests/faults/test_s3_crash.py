"""`kill -9` of the plane while objects are put, replaced, deleted and uploaded in parts.

A few random moments by default; `make soak` for many.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError

from tests.conftest import PlaneFactory
from tests.planes import Plane
from tests.soak import kills

ROUNDS = kills(3)
WRITERS = 6
KEYS_EACH = 6  # of every writer's own, so that what is where is known
MOST_ACKNOWLEDGED = 60  # requests of all writers together before a kill
PART = 5 << 20
BUCKET = "bucket"


def body_of(seed: int) -> bytes:
    """Bytes that only this seed has: small, middling or of several chunks."""
    source = random.Random(seed)
    return source.randbytes(source.choice([0, 1, 700, 20_000, 1_500_000]))


@dataclass
class Key:
    """What may be under a key: what was acknowledged last, or what was asked for since."""

    acknowledged: bytes | None = None
    asked: list[bytes | None] = field(default_factory=list)

    def acknowledge(self, body: bytes | None) -> None:
        self.acknowledged, self.asked = body, []


@dataclass
class Upload:
    """An upload in progress, and the ETags of its parts that were acknowledged."""

    key: str
    upload_id: str
    etags: dict[int, str] = field(default_factory=dict)


class Writer:
    """One thread's work and what it knows of it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.source = random.Random(number)
        self.keys = {f"{number}/{index}/ü": Key() for index in range(KEYS_EACH)}
        self.uploads: list[Upload] = []

    def work(self, s3: Any, acknowledged: Acknowledged) -> None:
        """Writes until the plane is gone."""
        try:
            while True:
                name = self.source.choice(sorted(self.keys))
                action = self.source.choice(
                    [self.put, self.put, self.put, self.delete, self.upload]
                )
                action(s3, name, acknowledged)
        except BotoCoreError:
            return  # killed: whether the last request was carried out is not known

    def put(self, s3: Any, name: str, acknowledged: Acknowledged) -> None:
        body = body_of(self.source.getrandbits(40))
        self.keys[name].asked.append(body)
        s3.put_object(Bucket=BUCKET, Key=name, Body=body)
        self.keys[name].acknowledge(body)
        acknowledged.count()

    def delete(self, s3: Any, name: str, acknowledged: Acknowledged) -> None:
        self.keys[name].asked.append(None)
        s3.delete_object(Bucket=BUCKET, Key=name)
        self.keys[name].acknowledge(None)
        acknowledged.count()

    def upload(self, s3: Any, name: str, acknowledged: Acknowledged) -> None:
        parts = {1: random.Random(self.source.getrandbits(40)).randbytes(PART), 2: b"tail"}
        made = s3.create_multipart_upload(Bucket=BUCKET, Key=name)
        upload = Upload(name, made["UploadId"])
        self.uploads.append(upload)
        where = {"Bucket": BUCKET, "Key": name, "UploadId": upload.upload_id}
        for number in (2, 1):
            answer = s3.upload_part(**where, PartNumber=number, Body=parts[number])
            upload.etags[number] = answer["ETag"]
            acknowledged.count()
        whole = parts[1] + parts[2]
        listed = [{"PartNumber": n, "ETag": etag} for n, etag in sorted(upload.etags.items())]
        self.uploads.remove(upload)
        self.keys[name].asked.append(whole)
        s3.complete_multipart_upload(**where, MultipartUpload={"Parts": listed})
        self.keys[name].acknowledge(whole)
        acknowledged.count()

    def check(self, s3: Any) -> None:
        """Holds what is there against what may be, and takes it as the new truth."""
        for name, key in self.keys.items():
            found = read(s3, name)
            allowed = [key.acknowledged, *key.asked]
            assert found in allowed, (
                f"{name}: {describe(found)} is none of {[describe(body) for body in allowed]}"
            )
            key.acknowledge(found)
        for upload in self.uploads:
            where = {"Bucket": BUCKET, "Key": upload.key, "UploadId": upload.upload_id}
            parts = {part["PartNumber"]: part["ETag"] for part in
                     s3.list_parts(**where).get("Parts", ())}  # fmt: skip
            assert upload.etags.items() <= parts.items(), "an acknowledged part is missing"
        self.uploads.clear()


class Acknowledged:
    """Counts what the plane acknowledged and says when it is to be killed."""

    def __init__(self, limit: int) -> None:
        self.reached = threading.Event()
        self._left = limit
        self._lock = threading.Lock()

    def count(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                self.reached.set()


def read(s3: Any, name: str) -> bytes | None:
    try:
        body: bytes = s3.get_object(Bucket=BUCKET, Key=name)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return body


def describe(body: bytes | None) -> str:
    return "nothing" if body is None else f"{len(body)} bytes {body[:4].hex()}…"


def abort_uploads(s3: Any) -> None:
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=BUCKET):
        for upload in page.get("Uploads", ()):
            s3.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])


def files(plane: Plane) -> set[str]:
    return {
        path.parent.name + path.name
        for path in (plane.state / "blobs").rglob("*")
        if path.is_file()
    }


def referred(plane: Plane) -> set[str]:
    """The blobs that S3's rows refer to."""
    with closing(sqlite3.connect(plane.state / "kennel.db")) as connection:
        return {row[0] for row in connection.execute("SELECT blob_id FROM s3_pieces")}


def test_a_killed_plane_has_all_that_it_acknowledged_and_nothing_by_half(
    plane_factory: PlaneFactory,
) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")  # shown if this fails
    moments = random.Random(seed)
    # One attempt a request: a second would hide whether the first was acknowledged.
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=WRITERS)
    plane = plane_factory()
    plane.client("s3").create_bucket(Bucket=BUCKET)
    writers = [Writer(number) for number in range(WRITERS)]
    for _ in range(ROUNDS):
        acknowledged = Acknowledged(moments.randint(1, MOST_ACKNOWLEDGED))
        s3 = plane.client("s3", config)
        with ThreadPoolExecutor(WRITERS) as pool:
            running = [pool.submit(writer.work, s3, acknowledged) for writer in writers]
            assert acknowledged.reached.wait(120)
            plane.kill()
        for job in running:
            job.result()
        plane.start()
        assert files(plane) == referred(plane), "orphans, or rows without their file"
        s3 = plane.client("s3", config)
        for writer in writers:
            writer.check(s3)
        there = [name for writer in writers for name, key in writer.keys.items()
                 if key.acknowledged is not None]  # fmt: skip
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        listed = [item["Key"] for page in pages for item in page.get("Contents", ())]
        assert listed == sorted(there)
        abort_uploads(s3)
    assert files(plane) == referred(plane)
