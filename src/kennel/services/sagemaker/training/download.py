"""Objects of S3 into a job's folder, as the job's execution role."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kennel.errors import AwsError
from kennel.services.sagemaker.naming import S3Location
from kennel.services.sagemaker.training.errors import JobFault, JobInterrupted
from kennel.services.sagemaker.training.layout import (
    InputFile,
    lay_out,
    manifest_locations,
    share_of,
)
from kennel.services.sagemaker.training.spec import Channel
from kennel.store import BlobSlices, Slice

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Downloads"]

_WORKERS = 8  # a copy waits for the disk, a look-up for SQLite
_BATCH = 256  # objects between two looks at whether to go on
_MANIFEST_LIMIT = 64 << 20  # bytes of a manifest that are read


class Downloads:
    """Reads S3 in `context`, which acts as the job's role; gives up once `interrupted` is true.

    Every method raises JobFault with the FailureReason that AWS would give, and JobInterrupted.
    """

    def __init__(self, context: Context, interrupted: Callable[[], bool]) -> None:
        self._context = context
        self._interrupted = interrupted

    def channel(self, channel: Channel, folder: Path, host: int, hosts: int, limit: int) -> int:
        """Fills a channel's folder, which must be missing or empty, with one host's objects.

        `limit` is the room in the volume; returns the bytes that the channel takes.
        """
        prefix, found = self._objects(channel)
        keys = list(found)
        if channel.sharded:
            keys = share_of(keys, host, hosts)
        size = sum(found[key] for key in keys)
        if size > limit:
            raise JobFault(
                f"ClientError: Data download failed:No space left on device: channel {channel.name}"
                f" has {size:,} bytes and the volume has room for {limit:,}. "
                "Increase VolumeSizeInGB."
            )
        folder.mkdir(parents=True)
        self.files(lay_out(prefix, keys), folder)
        return size

    def replicate(self, source: Path, target: Path) -> None:
        """Fills a channel's folder, which must be missing, with what another host has of it: a
        copy of its own, whose extents are shared only where a write parts them."""

        def copy(path: str, to: str) -> str:
            self._check()
            size = os.stat(path).st_size
            BlobSlices([Slice(Path(path), 0, size)]).copy_to(Path(to))
            return to

        try:
            shutil.copytree(source, target, copy_function=copy)
        except (OSError, shutil.Error) as error:
            raise JobFault(f"ClientError: Data download failed:{error}") from error

    def prefix(self, location: S3Location) -> dict[str, int]:
        """The objects whose keys start with the location's key: size by key, in key order."""
        found: dict[str, int] = {}
        parameters: dict[str, Any] = {"Bucket": location.bucket, "Prefix": location.key}
        with _faults(location):
            while True:
                self._check()
                page = self._context.call("s3", "ListObjectsV2", **parameters)
                for entry in page.get("Contents", ()):
                    found[entry["Key"]] = entry["Size"]
                if not page.get("IsTruncated"):
                    return found
                parameters["ContinuationToken"] = page["NextContinuationToken"]

    def files(self, files: Iterable[InputFile], folder: Path) -> None:
        """Fetches files below `folder`, several at a time."""
        remaining = iter(files)
        made: set[Path] = set()
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="training-download") as pool:
            while batch := list(islice(remaining, _BATCH)):
                self._check()
                for file in batch:
                    parent = folder.joinpath(*file.parts[:-1])
                    if parent not in made:
                        parent.mkdir(parents=True, exist_ok=True)
                        made.add(parent)
                for _ in pool.map(lambda file: self._file(file, folder), batch):
                    pass

    def file(self, source: S3Location, target: Path) -> None:
        """Fetches one object."""
        self._check()
        with _faults(source), self._body(source) as body:
            body.copy_to(target)

    def _file(self, file: InputFile, folder: Path) -> None:
        self.file(file.source, folder.joinpath(*file.parts))

    def _objects(self, channel: Channel) -> tuple[S3Location, dict[str, int]]:
        if not channel.manifest:
            return channel.source, self.prefix(channel.source)
        with _faults(channel.source), self._body(channel.source) as body:
            if body.length > _MANIFEST_LIMIT:
                raise JobFault(
                    f"ClientError: Data download failed:The manifest {channel.source} is larger "
                    f"than {_MANIFEST_LIMIT:,} bytes."
                )
            text = body.read()
        prefix, keys = manifest_locations(channel.source, text)
        return prefix, dict.fromkeys(keys, 0)

    def _body(self, source: S3Location) -> BlobSlices:
        reply = self._context.call("s3", "GetObject", Bucket=source.bucket, Key=source.key)
        body: BlobSlices = reply["Body"]
        return body

    def _check(self) -> None:
        if self._interrupted():
            raise JobInterrupted


@contextmanager
def _faults(location: S3Location) -> Iterator[None]:
    try:
        yield
    except AwsError as error:
        raise JobFault(
            f"ClientError: Data download failed:{error.code} ({error.status}): {error.message} "
            f"({location})"
        ) from error
    except OSError as error:
        raise JobFault(
            f"ClientError: Data download failed:{error.strerror or error} ({location})"
        ) from error
