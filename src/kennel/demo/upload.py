"""A data set's way into a bucket: many threads, one client, nothing sent twice."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from kennel.demo.dataset import Picture

__all__ = ["THREADS", "Upload", "make_bucket", "upload"]

# More do not pay: a put costs the client 1.3 ms of CPU under Python's lock.
THREADS = 16
_DELETE_LIMIT = 1000  # keys that one DeleteObjects takes


@dataclass(frozen=True, slots=True)
class Upload:
    """What was done: objects sent, already there, and taken away; `size` in bytes, of all."""

    sent: int
    kept: int
    removed: int
    size: int


def make_bucket(s3: Any, name: str, region: str) -> None:
    """Makes the bucket unless it is there already."""
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    configuration = {"CreateBucketConfiguration": place} if place else {}
    try:
        s3.create_bucket(Bucket=name, **configuration)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass  # outside us-east-1, S3 says so


def upload(
    s3: Any,
    bucket: str,
    prefix: str,
    pictures: Iterable[Picture],
    progress: Callable[[int], None],
) -> Upload:
    """Makes the bucket's `prefix` hold exactly the pictures. An object whose ETag is its file's
    MD5 is not sent again. `progress` is told how many pictures are done."""
    wanted = {prefix + picture.key: picture for picture in pictures}
    there = _etags(s3, bucket, prefix)
    lock = threading.Lock()
    done = sent = 0

    def settle(item: tuple[str, Picture]) -> None:
        nonlocal done, sent
        key, picture = item
        data = picture.path.read_bytes()
        is_there = there.get(key) == hashlib.md5(data, usedforsecurity=False).hexdigest()
        if not is_there:
            s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=_content_type(key))
        with lock:
            done += 1
            sent += not is_there
            progress(done)

    pool = ThreadPoolExecutor(THREADS)
    try:
        for _ in pool.map(settle, wanted.items()):
            pass
    finally:
        pool.shutdown(cancel_futures=True)  # what has not begun when one failed, or at Ctrl-C
    gone = sorted(there.keys() - wanted.keys())
    _delete(s3, bucket, gone)
    size = sum(picture.size for picture in wanted.values())
    return Upload(sent, len(wanted) - sent, len(gone), size)


def _etags(s3: Any, bucket: str, prefix: str) -> Mapping[str, str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {
        found["Key"]: found["ETag"].strip('"')
        for page in pages
        for found in page.get("Contents", ())
    }


def _delete(s3: Any, bucket: str, keys: list[str]) -> None:
    for start in range(0, len(keys), _DELETE_LIMIT):
        batch = [{"Key": key} for key in keys[start : start + _DELETE_LIMIT]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})


def _content_type(key: str) -> str:
    return "image/png" if key.lower().endswith(".png") else "image/jpeg"
