"""Where this process may make control groups for others: version 1, version 2, or both at once.

Only a folder's own user (root, or whom systemd delegated it to) may; so each is tried, not guessed.
Formats: cgroups(7), proc_pid_mountinfo(5); the rules of version 2 (no processes in a group that
hands controllers down) are from the kernel's cgroup-v2.rst.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CgroupMount", "Hierarchy", "discover", "own_folder", "parse_groups", "parse_mounts"]

_CONTROLLERS = frozenset({"cpu", "cpuacct", "memory", "pids"})


@dataclass(frozen=True, slots=True)
class CgroupMount:
    """A mounted hierarchy: the part from `root` of the hierarchy on is visible at `point`."""

    version: int
    root: str
    point: str
    controllers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A folder in which leaves can be made, and what can be limited in them."""

    version: int
    folder: Path
    controllers: frozenset[str]


def discover(proc: Path = Path("/proc/self")) -> tuple[Hierarchy, ...]:
    """The hierarchies that this process may use; tries each by making a folder."""
    try:
        mounts = parse_mounts((proc / "mountinfo").read_text(errors="surrogateescape"))
        paths = parse_groups((proc / "cgroup").read_text(errors="surrogateescape"))
    except OSError:
        return ()
    found: list[Hierarchy] = []
    seen = set()  # a hierarchy may be mounted more than once
    for mount in mounts:
        key = min(mount.controllers, default="")
        if mount.version == 1 and not (mount.controllers & _CONTROLLERS):
            continue
        if key not in paths or key in seen:
            continue
        folder = own_folder(mount, paths[key])
        usable = _version_2(folder, Path(mount.point)) if mount.version == 2 else folder
        if usable is None or not _can_make_groups(usable):
            continue
        seen.add(key)
        controllers = _delegated(usable) if mount.version == 2 else mount.controllers
        found.append(Hierarchy(mount.version, usable, controllers & _CONTROLLERS))
    return tuple(found)


def parse_mounts(mountinfo: str) -> list[CgroupMount]:
    """The cgroup mounts in the text of /proc/PID/mountinfo, in its order."""
    mounts = []
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields, tail = before.split(" "), after.split(" ")
        if not dash or len(fields) < 6 or len(tail) < 3 or tail[0] not in ("cgroup", "cgroup2"):
            continue
        version = 2 if tail[0] == "cgroup2" else 1
        options = tail[2].split(",") if version == 1 else []
        names = frozenset(o for o in options if o not in ("rw", "ro") and not _is_setting(o))
        mounts.append(CgroupMount(version, _unescape(fields[3]), _unescape(fields[4]), names))
    return mounts


def parse_groups(cgroup: str) -> dict[str, str]:
    """From the text of /proc/PID/cgroup: a controller's name (version 2: "") to the path."""
    paths = {}
    for line in cgroup.splitlines():
        number, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if not colon:
            continue
        for name in controllers.split(",") if number != "0" else [""]:
            paths[name] = path
    return paths


def own_folder(mount: CgroupMount, path: str) -> Path:
    """The folder of group `path`. In a container the path may lie outside of what is mounted; then
    the mount's top is the container's own group."""
    point = Path(mount.point)
    root = mount.root.rstrip("/")
    if path == root or path.startswith(root + "/"):
        relative = path[len(root) :].lstrip("/")
        return point if ".." in relative.split("/") else point / relative
    return point


def _version_2(own: Path, top: Path) -> Path | None:
    """The nearest group that hands memory down, or may be told to; else our own, for killing."""
    for folder in _upwards(own, top):
        if "memory" in _delegated(folder) and os.access(folder / "cgroup.procs", os.W_OK):
            return folder
        if "memory" in _words(folder / "cgroup.controllers") and _holds_no_processes(folder):
            wanted = _words(folder / "cgroup.controllers") & _CONTROLLERS
            if _enable(folder, wanted):
                return folder
    return own if not _words(own / "cgroup.subtree_control") else None


def _upwards(own: Path, top: Path) -> Iterator[Path]:
    yield own
    while own != top and top in own.parents:
        own = own.parent
        yield own


def _holds_no_processes(folder: Path) -> bool:
    # The true root, which alone has no cgroup.type, may hold processes and hand down.
    return not (folder / "cgroup.type").exists() or not _words(folder / "cgroup.procs")


def _enable(folder: Path, controllers: frozenset[str]) -> bool:
    try:
        with open(folder / "cgroup.subtree_control", "w") as control:
            control.write(" ".join(f"+{name}" for name in sorted(controllers)))
    except OSError:
        return False
    return True


def _delegated(folder: Path) -> frozenset[str]:
    return _words(folder / "cgroup.subtree_control")


def _words(file: Path) -> frozenset[str]:
    try:
        return frozenset(file.read_text().split())
    except OSError:
        return frozenset()


def _can_make_groups(folder: Path) -> bool:
    probe = folder / f"kennel-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True


def _is_setting(option: str) -> bool:
    return "=" in option or option in ("xattr", "clone_children", "noprefix", "none")


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
