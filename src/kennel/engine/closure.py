"""What a process may not see of this machine, and what of it Python itself needs."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import kennel

__all__ = ["needed_by", "secrets_of_user"]

# What of a home begins with a dot and holds programs and packages instead of settings and keys.
_TOOLS = frozenset(
    {
        ".asdf",
        ".conda",
        ".mamba",
        ".micromamba",
        ".nix-profile",
        ".pyenv",
        ".rye",
        ".venv",
        ".virtualenvs",
    }
)
_LOCAL = ".local"  # of which these hold packages and interpreters
_LOCAL_TOOLS = frozenset({"bin", "lib", "pipx", "uv", "mise"})
# What root alone may read: a process that root's plane starts is still its files' owner.
_OF_ROOT = (
    "/boot",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/ssl/private",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/var/backups",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/var/log",
    "/var/spool",
)


def secrets_of_user() -> tuple[Path, ...]:
    """Where the user who runs the plane keeps keys, settings and histories: what begins with a dot
    in the home, and root's files in /etc and /var."""
    found = []
    for home in _homes():
        found += [home / name for name in _names(home) if _is_secret(name)]
        share = home / _LOCAL / "share"
        found += [
            home / _LOCAL / name
            for name in _names(home / _LOCAL)
            if name not in ("share",) and name not in _LOCAL_TOOLS
        ]
        found += [share / name for name in _names(share) if name not in _LOCAL_TOOLS]
    if os.geteuid() == 0:
        found += [Path(place) for place in _OF_ROOT]
        found += Path("/etc/ssh").glob("*_key")
    return tuple(found)


def needed_by(command: Iterable[str]) -> tuple[Path, ...]:
    """The folders of the interpreters that a command names, and Kennel's own: what must be seen
    wherever it lies."""
    package = Path(kennel.__file__).resolve().parent
    found = [package, Path(sys.prefix), Path(sys.base_prefix)]
    for argument in command:
        if argument.startswith("/"):
            found += _prefixes(Path(argument))
    return tuple(dict.fromkeys(found))


def _homes() -> set[Path]:
    homes = {os.path.expanduser("~")}
    try:
        homes.add(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        pass  # a user of a container's, whom no file names
    return {Path(home).resolve() for home in homes if home.startswith("/") and home != "/"}


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _is_secret(name: str) -> bool:
    return name.startswith(".") and name not in _TOOLS and name != _LOCAL


def _prefixes(program: Path) -> Iterator[Path]:
    """The environment that a program is of, and those that its links lead to."""
    for _ in range(10):
        if program.parent.name in ("bin", "sbin") and program.parent.parent != Path("/"):
            yield program.parent.parent
        if not program.is_symlink():
            return
        program = Path(os.path.normpath(program.parent / program.readlink()))
