"""A job's artifacts into S3, as the job's execution role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.errors import AwsError
from kennel.services.sagemaker.naming import S3Location
from kennel.services.sagemaker.training.archive import write_archive
from kennel.services.sagemaker.training.errors import JobFault
from kennel.services.sagemaker.training.merge import merged

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.store import BlobStore

__all__ = ["Uploads", "is_empty"]


class Uploads:
    """Writes S3 in `context`, which acts as the job's role.

    Every method raises JobFault with the FailureReason that AWS would give.
    """

    def __init__(self, context: Context, blobs: BlobStore) -> None:
        self._context = context
        self._blobs = blobs

    def archive(self, folders: Sequence[Path], target: S3Location) -> list[str]:
        """The folders, merged, as one tar.gz object. Nothing of it is held in memory. Returns the
        names of what can't be in it (see `write_archive`)."""
        with _faults(target):
            writer = self._blobs.writer()
            try:
                left_out = write_archive(folders, writer.write)
                staged = writer.finish()
            finally:
                writer.abort()
            try:
                self._context.call(
                    "s3",
                    "PutObject",
                    Bucket=target.bucket,
                    Key=target.key,
                    Body=staged,
                    ContentType="application/x-gzip",
                )
            finally:
                staged.discard()
        return left_out

    def tree(self, folders: Sequence[Path], target: S3Location) -> list[str]:
        """Each file of the folders, merged, as an object below `target`. Returns the names of what
        is neither file nor folder: links, pipes and devices."""
        left_out = []
        for entry in merged(folders):
            if entry.path.is_symlink() or not (entry.path.is_file() or entry.path.is_dir()):
                left_out.append(entry.name)
            elif entry.path.is_file():
                self.file(entry.path, target.below(*entry.name.split("/")))
        return left_out

    def file(self, path: Path, target: S3Location) -> None:
        """One file as one object."""
        with _faults(target):
            staged = self._blobs.stage(path)
            try:
                self._context.call(
                    "s3", "PutObject", Bucket=target.bucket, Key=target.key, Body=staged
                )
            finally:
                staged.discard()

    def delete(self, target: S3Location) -> None:
        """Deletes one object; one that is not there is no error."""
        with _faults(target):
            self._context.call("s3", "DeleteObject", Bucket=target.bucket, Key=target.key)


def is_empty(folder: Path) -> bool:
    """Whether there is nothing in the folder, or no folder; a link to another counts as none."""
    return folder.is_symlink() or not folder.is_dir() or next(folder.iterdir(), None) is None


@contextmanager
def _faults(target: S3Location) -> Iterator[None]:
    try:
        yield
    except AwsError as error:
        raise JobFault(
            f"ClientError: Artifact upload failed:{error.code} ({error.status}): {error.message} "
            f"({target})"
        ) from error
    except OSError as error:
        raise JobFault(
            f"ClientError: Artifact upload failed:{error.strerror or error} ({target})"
        ) from error
