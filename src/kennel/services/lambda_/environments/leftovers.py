"""Environments that a former plane left behind."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kennel.services.lambda_.environments.log_stream import LogStream, follow, forget
from kennel.services.roles import RoleNotPassable

if TYPE_CHECKING:
    from kennel.services.service import Parts

__all__ = ["sweep"]

log = logging.getLogger(__name__)


def sweep(parts: Parts, folder: Path) -> None:
    """Ends the environments below `folder` and ships the rest of their logs.

    Nobody waits for their answers any more; events that they worked on are delivered again.
    """
    for home in folder.glob("*"):
        for record in home.glob("*/process.json"):
            process = parts.engine.adopt(record.parent)
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(5.0)
        _ship_rest(parts, home)
        shutil.rmtree(home, ignore_errors=True)


def _ship_rest(parts: Parts, home: Path) -> None:
    paths = sorted(home.glob("*/log"), key=lambda path: int(path.parent.name))
    try:
        stream = LogStream.load(home) if paths else None
        for path in paths if stream is not None else ():
            assert stream is not None
            follow(parts, stream, path).drain()
            forget(parts, path)
    except (OSError, msgspec.DecodeError, RoleNotPassable) as error:
        log.warning("the end of the log of the environment %s is lost: %s", home.name, error)
