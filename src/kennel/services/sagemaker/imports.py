"""How a Python that is not the plane's own comes to import `kennel.runtimes`."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import kennel

__all__ = ["imports_folder"]


def imports_folder(state: Path) -> Path:
    """A folder from which any Python can import `kennel`, and nothing else of the plane's
    environment."""
    folder = state / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    package = Path(kennel.__file__).resolve().parent
    link = folder / "kennel"
    if not link.is_symlink() or link.readlink() != package:
        fresh = folder / f".kennel-{os.getpid()}-{threading.get_ident()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(package)
        fresh.replace(link)
    return folder
