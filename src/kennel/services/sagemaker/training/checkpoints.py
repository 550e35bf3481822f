"""Checkpoints: fetched from S3 before a job starts, kept in step with S3 while it runs."""

from __future__ import annotations

import logging
import os
import stat
import threading
from pathlib import Path

from kennel.services.sagemaker.naming import S3Location
from kennel.services.sagemaker.training.download import Downloads
from kennel.services.sagemaker.training.errors import JobFault
from kennel.services.sagemaker.training.layout import lay_out
from kennel.services.sagemaker.training.upload import Uploads

__all__ = ["CheckpointSync", "restore_checkpoints"]

log = logging.getLogger(__name__)

_INTERVAL = 3.0  # wall seconds between two looks at the folder

State = dict[tuple[str, ...], tuple[int, int]]  # path below the folder: its mtime (ns) and size


def restore_checkpoints(downloads: Downloads, location: S3Location, folder: Path) -> None:
    """Fetches what earlier jobs left. A first job finds nothing, and that is right."""
    prefix = S3Location(location.bucket, location.key.rstrip("/") + "/" if location.key else "")
    downloads.files(lay_out(prefix, downloads.prefix(prefix)), folder)


class CheckpointSync:
    """Puts a folder's files into S3 as they change, and deletes what is deleted.

    A file that is being written may go up in pieces' states, as on AWS; it goes up again once it
    has changed again, and `finish` brings the last state of all.
    """

    def __init__(self, folder: Path, location: S3Location, uploads: Uploads) -> None:
        self._folder = folder
        self._location = location
        self._uploads = uploads
        self._known: State = {}
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts to watch. What was restored counts as known; after a restart of the plane, what
        is there goes up once more."""
        self._thread = threading.Thread(target=self._watch, name="checkpoints", daemon=True)
        self._thread.start()

    def assume_synced(self) -> None:
        """Before `start`: what the folder holds now is in S3 already."""
        self._known = _scan(self._folder)

    def close(self) -> None:
        """Stops watching, without a last look."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def finish(self) -> None:
        """Stops watching and syncs the last state. Raises JobFault."""
        self.close()
        self._sync()

    def _watch(self) -> None:
        while not self._ending.wait(_INTERVAL):
            try:
                self._sync()
            except JobFault as fault:
                log.warning("checkpoints to %s: %s", self._location, fault)
            except Exception:  # the thread's boundary: the next look tries again
                log.exception("checkpoints to %s", self._location)

    def _sync(self) -> None:
        found = _scan(self._folder)
        for parts, state in found.items():
            if self._known.get(parts) == state:
                continue
            path = self._folder.joinpath(*parts)
            if path.exists():  # scripts write a temporary file and rename it
                self._uploads.file(path, self._location.below(*parts))
                self._known[parts] = state
        for parts in self._known.keys() - found.keys():
            self._uploads.delete(self._location.below(*parts))
            del self._known[parts]


def _scan(folder: Path) -> State:
    """The regular files. The script goes on meanwhile: what vanishes under the look is skipped."""
    found: State = {}
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in sorted(names)):
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                found[path.relative_to(folder).parts] = (status.st_mtime_ns, status.st_size)
    return found
