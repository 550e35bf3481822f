"""What several hosts left in their folders of one name, as one folder.

AWS aggregates the hosts' model and output folders and asks that their names do not clash [D: "How
Amazon SageMaker AI Processes Training Output"]; it does not say whose file stands if they do. Here
it is the first host's, which is the one that scripts save from.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Entry", "clashes", "merged"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or link at `path`, which is `name` below its host's folder `root`."""

    root: Path
    path: Path
    name: str


def merged(folders: Sequence[Path]) -> Iterator[Entry]:
    """Everything below the folders: a folder's entries by name, then what is in its folders.

    Of several entries of one name the first folder's counts; only folders become one. Folders that
    are missing, or links, count as empty.
    """
    yield from _merged([(folder, folder) for folder in folders if _is_folder(folder)], "")


def clashes(folders: Sequence[Path]) -> list[str]:
    """The names of files that lie in more than one of the folders."""
    seen: set[str] = set()
    twice: set[str] = set()
    for folder in folders:
        names = {entry.name for entry in merged([folder]) if not _is_folder(entry.path)}
        twice |= names & seen
        seen |= names
    return sorted(twice)


def _merged(folders: Sequence[tuple[Path, Path]], prefix: str) -> Iterator[Entry]:
    """`folders` are roots and the folders of the name `prefix` below them."""
    found: dict[str, list[tuple[Path, Path]]] = {}
    for root, folder in folders:
        for name in os.listdir(folder):
            found.setdefault(name, []).append((root, folder / name))
    below = []
    for name in sorted(found):
        (root, path), *_ = found[name]
        yield Entry(root, path, prefix + name)
        if _is_folder(path):
            below.append(name)
    for name in below:
        same = [(root, path) for root, path in found[name] if _is_folder(path)]
        yield from _merged(same, f"{prefix}{name}/")


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
