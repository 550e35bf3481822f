"""A process's own view of the file system: folders of ours at paths that the machine need not have.

Everything happens in a new mount namespace, so the machine sees nothing of it and the last
process's end undoes it. Where the caller may not make one, a user namespace of its own lets it.
A target that does not exist is made on a tmpfs that covers its nearest existing parent, whose
entries are bound back: /opt/ml appears, /opt keeps its other entries, and no disk is written.

The shim imports this file without the rest of Kennel. System calls: mount(2), pivot_root(2),
sethostname(2).
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING or __package__:
    from kennel.engine.shim import namespace
else:
    import namespace

__all__ = ["SandboxError", "become_subreaper", "die_with_parent", "enter", "mount_tmpfs"]

_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_SIGKILL = 9
# statvfs(2) reports a mount's flags as mount(2) takes them, but for this one.
_ST_RELATIME, _MS_RELATIME = 4096, 1 << 21
_KEPT_FLAGS = 2 | 4 | 8 | 1024 | 2048  # nosuid, nodev, noexec, noatime, nodiratime


class SandboxError(Exception):
    """The view could not be made; the message is a sentence for the user."""


def become_subreaper() -> None:
    """Orphaned descendants become the caller's children, so that none is lost from sight."""
    if sys.platform == "linux":
        namespace.call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """The kernel sends SIGKILL to the caller when its parent dies."""
    if sys.platform == "linux":
        namespace.call("prctl", _PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)


def enter(mounts: list[tuple[bytes, bytes, bool]], host_name: bytes = b"") -> bool:
    """Moves the caller into a mount namespace and makes the mounts: (source, target, read only).
    With a `host_name`, it has that from now on, and the machine keeps its own.

    Returns whether it took a user namespace too. Raises SandboxError.
    """
    user_namespace = _unshare(namespace.HOST_NAME if host_name else 0)
    try:
        if host_name:
            namespace.call("sethostname", host_name, len(host_name))
        namespace.call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
        view = _View()
        # A mount may cover the sources of those after it, so all are opened before the first.
        sources = {mount[0]: _opened(mount[0]) for mount in mounts}
        for source, target, read_only in sorted(mounts, key=lambda mount: mount[1].split(b"/")):
            view.bind(_way_to(source, sources[source]), target, read_only)
        for descriptor in filter(None, sources.values()):
            os.close(descriptor)
    except OSError as error:
        raise SandboxError(f"the mount namespace could not be set up: {error}") from None
    return user_namespace


def _unshare(more: int) -> bool:
    try:
        return namespace.take(namespace.MOUNTS | more)
    except OSError as error:
        raise SandboxError(
            f"this machine lets neither this user nor a user namespace mount: {error}"
        ) from None


class _View:
    """The mounts made so far."""

    def __init__(self) -> None:
        self._bound: list[bytes] = []
        self._layers: set[int] = set()  # devices of our tmpfs

    def bind(self, source: bytes, target: bytes, read_only: bool) -> None:
        shown = os.fsdecode(target)
        is_folder = os.path.isdir(source)
        if not is_folder and not os.path.exists(source):
            raise SandboxError(f"the source {os.fsdecode(source)} of {shown} does not exist")
        path = os.path.realpath(target)
        if path == b"/":
            raise SandboxError("nothing can be mounted over /: name a folder below it")
        if not os.path.lexists(path):
            self._make(path, is_folder)
        if os.path.isdir(path) != is_folder:
            raise SandboxError(
                f"{shown} and its source {os.fsdecode(source)} must both be folders or both files"
            )
        namespace.call("mount", source, path, None, _MS_BIND | _MS_REC, None)
        if read_only:
            _make_read_only(path)
        self._bound.append(path)

    def _make(self, path: bytes, is_folder: bool) -> None:
        parent = os.path.dirname(path)
        while not os.path.isdir(parent):
            if os.path.lexists(parent):
                raise SandboxError(f"{os.fsdecode(parent)} is a file: no mount can lie in it")
            parent = os.path.dirname(parent)
        if any(parent == bound or parent.startswith(bound + b"/") for bound in self._bound):
            raise SandboxError(
                f"{os.fsdecode(path)} lies in another mount, whose source has no such entry: "
                "make it in the source"
            )
        if os.stat(parent).st_dev not in self._layers:
            _cover_root() if parent == b"/" else _cover(parent)
            self._layers.add(os.stat(parent).st_dev)
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        if is_folder:
            os.mkdir(path, 0o755)
        else:
            _touch(path)


def _opened(source: bytes) -> int | None:
    try:
        return os.open(source, os.O_PATH)
    except OSError:
        return None  # whoever binds it says what is wrong


def _way_to(source: bytes, descriptor: int | None) -> bytes:
    """A path that leads to what `source` was before anything was mounted."""
    if descriptor is None:
        return source
    try:
        if os.path.samestat(os.stat(source), os.fstat(descriptor)):
            return source
    except OSError:
        pass  # covered, so its path leads nowhere now
    return b"/proc/self/fd/%d" % descriptor


def _cover(folder: bytes) -> None:
    """Puts a tmpfs over `folder`, with all that was in it bound back."""
    here = os.open("/", os.O_PATH | os.O_DIRECTORY)
    below = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    entries = os.listdir(folder)
    try:
        mount_tmpfs(folder)
        os.fchdir(below)  # relative paths lead below the tmpfs now
        for entry in entries:
            _bind_back(entry, os.path.join(folder, entry))
    finally:
        os.fchdir(here)
        os.close(here)
        os.close(below)


def _cover_root() -> None:
    """The same for /, which takes a new root. It is put together over one of the old one's folders,
    which is bound back from below."""
    entries = os.listdir(b"/")
    folders = (b"/" + entry for entry in entries if not os.path.islink(b"/" + entry))
    staging = next(folder for folder in folders if os.path.isdir(folder))
    below = os.open(staging, os.O_PATH | os.O_DIRECTORY)
    mount_tmpfs(staging, like=b"/")
    for entry in entries:
        if b"/" + entry != staging:
            _bind_back(b"/" + entry, os.path.join(staging, entry))
    os.fchdir(below)
    os.close(below)
    _bind_back(b".", staging + staging)
    namespace.call("umount2", staging + staging, _MNT_DETACH)  # a copy of the new root came with it
    os.chdir(staging)
    _pivot_root()
    namespace.call("umount2", b".", _MNT_DETACH)
    os.chdir("/")


def _pivot_root() -> None:
    numbers = {"x86_64": 155, "aarch64": 41, "riscv64": 41}
    number = numbers.get(os.uname().machine)
    if number is None:
        raise SandboxError("nothing can be mounted into / on this kind of processor")
    if namespace.libc.syscall(ctypes.c_long(number), b".", b".") != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "pivot_root")


def mount_tmpfs(folder: bytes, like: bytes | None = None) -> None:
    """Covers `folder` with an empty tmpfs that has its permissions, or `like`'s. Raises OSError."""
    mode = stat.S_IMODE(os.stat(like or folder).st_mode)
    namespace.call("mount", b"kennel", folder, b"tmpfs", _MS_NOSUID | _MS_NODEV, b"mode=%o" % mode)


def _bind_back(entry: bytes, target: bytes) -> None:
    try:
        mode = os.lstat(entry).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(entry), target)
            return
        if stat.S_ISDIR(mode):
            os.mkdir(target)
        else:
            _touch(target)
        namespace.call("mount", entry, target, None, _MS_BIND | _MS_REC, None)
    except FileNotFoundError:
        return  # somebody removed it since it was listed


def _make_read_only(path: bytes) -> None:
    """Remounts `path` and each mount below it; a remount must repeat the flags that are set."""
    targets = [path]
    with open("/proc/self/mountinfo", "rb") as table:
        for line in table:
            point = line.split()[4]
            for escaped, plain in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n")):
                point = point.replace(escaped, plain)
            point = point.replace(b"\\134", b"\\")
            if point.startswith(path + b"/"):
                targets.append(point)
    for target in targets:
        now = os.statvfs(target).f_flag
        flags = now & _KEPT_FLAGS | (_MS_RELATIME if now & _ST_RELATIME else 0)
        namespace.call(
            "mount", None, target, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | flags, None
        )


def _touch(path: bytes) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
