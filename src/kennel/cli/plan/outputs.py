"""Files of a report."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kennel.cli.errors import UsageError

__all__ = ["draw_into", "make_folder", "write_json"]


def make_folder(named: str | None) -> Path | None:
    """The folder of `--out`, made; None if none is asked for. Raises UsageError."""
    if named is None:
        return None
    folder = Path(named).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"The folder {folder} can't be made: {error.strerror}.") from None
    return folder


def write_json(path: Path, record: Any) -> None:
    """A report for programs."""
    path.write_text(json.dumps(record, indent=1) + "\n")


def draw_into(path: Path, draw: Callable[[Path], None]) -> bool:
    """Draws a picture, if the package for it is there; says so if not."""
    try:
        draw(path)
    except ModuleNotFoundError as error:
        print(
            f"kennel: There is no {path.name} without the package {error.name}; Kennel's extra "
            "`demo` has it.",
            file=sys.stderr,
        )
        return False
    return True
