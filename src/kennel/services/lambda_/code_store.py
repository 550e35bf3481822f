"""Functions' code on disk: each archive as it was sent, and the folder that it unpacks to.

    STATE/lambda/code/ID.zip    durable before the function's document speaks of it
    STATE/lambda/code/ID/       made from it, and made anew after the machine was down
    STATE/lambda/code/ID.boot   in which boot of the machine the folder was made

The folder is not synced: a power loss can only follow a boot, and that makes it anew.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from kennel.engine.shim.proc import machine
from kennel.services.lambda_.archive import inspect, unpack
from kennel.services.lambda_.document import Code

__all__ = ["CodeStore"]


class CodeStore:
    """The archives of all functions. `start` before use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self, used: Iterable[str]) -> None:
        """Makes the folder, and removes what belongs to no code id in `used`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = set(used)
        for path in self._folder.iterdir():
            if path.name.split(".")[0] not in kept:
                _remove(path)

    def add(self, chunks: Iterator[bytes]) -> Code:
        """Keeps an archive; it is on disk when this returns. Raises ArchiveRefused."""
        code_id = secrets.token_hex(12)
        path = self._folder / f"{code_id}.zip"
        digest = hashlib.sha256()
        try:
            with path.open("xb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            inspect(path)
            _sync_folder(self._folder)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        sha256 = base64.b64encode(digest.digest()).decode()
        return Code(id=code_id, sha256=sha256, size=path.stat().st_size)

    def folder(self, code: Code) -> Path:
        """Where the code is unpacked, once `prepare` has returned."""
        return self._folder / code.id

    def is_prepared(self, code: Code) -> bool:
        """Whether the code is unpacked, and has been since the machine started."""
        try:
            return (self._folder / f"{code.id}.boot").read_text() == machine()
        except FileNotFoundError:
            return False

    def prepare(self, code: Code) -> Path:
        """Unpacks the code unless that is done. Raises ArchiveRefused."""
        folder = self.folder(code)
        if not self.is_prepared(code):
            unpack(self._folder / f"{code.id}.zip", folder)
            (self._folder / f"{code.id}.boot").write_text(machine())
        return folder

    def remove(self, code: Code) -> None:
        """Deletes the code; nothing may run from its folder any more."""
        for name in (f"{code.id}.boot", f"{code.id}.zip", code.id):
            _remove(self._folder / name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
