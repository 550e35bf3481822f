"""What a process sees of the file system, made mount by mount.

A target that does not exist is made on a tmpfs that covers its nearest existing parent, whose
entries are bound back: /opt/ml appears, /opt keeps its other entries, and no disk is written.

The shim imports this file without the rest of Kennel. System calls: mount(2), pivot_root(2);
proc_pid_mountinfo(5).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

if TYPE_CHECKING or __package__:
    from kennel.engine.shim import namespace
else:
    import namespace

__all__ = ["View", "ViewError", "bind_back", "mount_tmpfs", "opened", "way_to"]

_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
# The options of a mount that a remount must repeat, by their names in mountinfo.
_KEPT = {
    b"nosuid": 2,
    b"nodev": 4,
    b"noexec": 8,
    b"noatime": 1024,
    b"nodiratime": 2048,
    b"relatime": 1 << 21,
    b"nosymfollow": 256,
}
_BLANK = b".kennel"
# A mount that another covers, or whose parent nobody inside may enter: nobody gets there.
_OUT_OF_REACH = (errno.ENOENT, errno.ENOTDIR, errno.EINVAL, errno.EACCES)


class ViewError(Exception):
    """The view could not be made; the message is a sentence for the user."""


class View:
    """The mounts made so far, in a mount namespace that the caller has just taken. All else is
    read-only from `close` on."""

    def __init__(self) -> None:
        namespace.call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
        self._bound: list[bytes] = []
        self._layers: set[int] = set()  # devices of our tmpfs
        self._writable: dict[bytes, bool] = {}
        self._blank = b""

    def open_root(self, targets: Iterable[bytes]) -> None:
        """Lets targets be made in / itself, if any needs it. What was opened before leads nowhere
        then."""
        if all(os.path.lexists(b"/" + target.split(b"/")[1]) for target in targets):
            return
        _cover_root()
        self._layers.add(os.stat(b"/").st_dev)

    def protect(self, folder: bytes) -> None:
        """A folder that is seen can't be written to, whatever it lies in."""
        if os.path.isdir(folder):
            _bind(folder, folder)
            self._writable[folder] = False

    def blank(self, folder: bytes) -> None:
        """Covers a folder with an empty one, which also has what hidden things look like."""
        if not os.path.isdir(folder):
            self._make(folder, is_folder=True)
        mount_tmpfs(folder, 0o755)
        self._layers.add(os.stat(folder).st_dev)
        self._blank = os.path.join(folder, _BLANK)
        os.mkdir(self._blank, 0o755)
        os.mkdir(os.path.join(self._blank, b"folder"), 0o555)
        _touch(os.path.join(self._blank, b"file"), 0o444)
        _bind(self._blank, self._blank)
        _make_read_only(self._blank, (b"nosuid", b"nodev"))  # and all that is bound from it

    def hide(self, path: bytes, *, is_way: bool) -> None:
        """Something looks empty from now on, if it is there. `is_way` says that something below it
        will be shown."""
        if not os.path.lexists(path):
            return
        if os.path.isdir(path):
            if is_way:
                mount_tmpfs(path, 0o755)
                self._layers.add(os.stat(path).st_dev)
            else:
                _bind(os.path.join(self._blank, b"folder"), path)
        else:
            _bind(os.path.join(self._blank, b"file"), path)
        self._writable[path] = False

    def scratch(self, path: bytes) -> None:
        """A folder for anything; what is in it ends with the view."""
        if not os.path.isdir(path):
            self._make(path, is_folder=True)
        mount_tmpfs(path, 0o1777)
        self._layers.add(os.stat(path).st_dev)
        self.keep(path)

    def keep(self, path: bytes) -> None:
        """A mount stays as it is."""
        self._writable[path] = True

    def replace(self, path: bytes, content: bytes) -> None:
        """A file of the machine's has another content."""
        copy = os.path.join(os.path.dirname(self._blank), b".kennel-" + os.path.basename(path))
        with open(copy, "wb") as file:
            file.write(content)
        os.chmod(copy, 0o644)
        _bind(copy, path)

    def bind(self, source: bytes, target: bytes, read_only: bool, may_make: bool = False) -> None:
        """`source` is seen at `target`. A target in another mount must be there, unless it may be
        made in that one's source. Raises ViewError."""
        shown = os.fsdecode(target)
        is_folder = os.path.isdir(source)
        if not is_folder and not os.path.exists(source):
            raise ViewError(f"the source {os.fsdecode(source)} of {shown} does not exist")
        path = os.path.realpath(target)
        if path == b"/":
            raise ViewError("nothing can be mounted over /: name a folder below it")
        if not os.path.lexists(path):
            self._make(path, is_folder, may_make)
        if os.path.isdir(path) != is_folder:
            raise ViewError(
                f"{shown} and its source {os.fsdecode(source)} must both be folders or both files"
            )
        _bind(source, path)
        if not may_make:
            self._bound.append(path)
        self._writable[path] = not read_only

    def close(self) -> None:
        """Makes read-only what need not be written. Raises OSError."""
        for point, options in _mounts():
            nearest = point
            while nearest not in self._writable and nearest != b"/":
                nearest = os.path.dirname(nearest)
            if not self._writable.get(nearest) and b"ro" not in options:
                _make_read_only(point, options)

    def _make(self, path: bytes, is_folder: bool, may_make: bool = False) -> None:
        parent = os.path.dirname(path)
        while not os.path.isdir(parent):
            if os.path.lexists(parent):
                raise ViewError(f"{os.fsdecode(parent)} is a file: no mount can lie in it")
            parent = os.path.dirname(parent)
        if not may_make and any(_lies_in(parent, bound) for bound in self._bound):
            raise ViewError(
                f"{os.fsdecode(path)} lies in another mount, whose source has no such entry: "
                "make it in the source"
            )
        is_bound = any(_lies_in(parent, bound) for bound in self._bound)
        if not is_bound and os.stat(parent).st_dev not in self._layers:
            _cover(parent)
            self._layers.add(os.stat(parent).st_dev)
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        if is_folder:
            os.mkdir(path, 0o755)
        else:
            _touch(path, 0o644)


def opened(source: bytes) -> int | None:
    try:
        return os.open(source, os.O_PATH)
    except OSError:
        return None  # whoever binds it says what is wrong


def way_to(source: bytes, descriptor: int | None) -> bytes:
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
        mount_tmpfs(folder, _mode(folder))
        os.fchdir(below)  # relative paths lead below the tmpfs now
        for entry in entries:
            bind_back(entry, os.path.join(folder, entry))
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
    mount_tmpfs(staging, _mode(b"/"))
    for entry in entries:
        if b"/" + entry != staging:
            bind_back(b"/" + entry, os.path.join(staging, entry))
    os.fchdir(below)
    os.close(below)
    bind_back(b".", staging + staging)
    namespace.call("umount2", staging + staging, _MNT_DETACH)  # a copy of the new root came with it
    os.chdir(staging)
    _pivot_root()
    namespace.call("umount2", b".", _MNT_DETACH)
    os.chdir("/")


def _pivot_root() -> None:
    numbers = {"x86_64": 155, "aarch64": 41, "riscv64": 41}
    number = numbers.get(os.uname().machine)
    if number is None:
        raise ViewError("nothing can be mounted into / on this kind of processor")
    if namespace.libc.syscall(ctypes.c_long(number), b".", b".") != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "pivot_root")


def mount_tmpfs(folder: bytes, mode: int) -> None:
    """Covers `folder` with an empty tmpfs of those permissions. Raises OSError."""
    namespace.call("mount", b"kennel", folder, b"tmpfs", _MS_NOSUID | _MS_NODEV, b"mode=%o" % mode)


def bind_back(entry: bytes, target: bytes) -> None:
    try:
        mode = os.lstat(entry).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(entry), target)
            return
        if stat.S_ISDIR(mode):
            os.mkdir(target)
        else:
            _touch(target, 0o644)
        _bind(entry, target)
    except FileNotFoundError:
        return  # somebody removed it since it was listed


def _bind(source: bytes, target: bytes) -> None:
    namespace.call("mount", source, target, None, _MS_BIND | _MS_REC, None)


def _make_read_only(point: bytes, options: Iterable[bytes]) -> None:
    """A remount must repeat the options that are set. Raises OSError."""
    flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY
    for option in options:
        flags |= _KEPT.get(option, 0)
    try:
        namespace.call("mount", None, point, None, flags, None)
    except OSError as error:
        if error.errno not in _OUT_OF_REACH:
            raise


def _mounts() -> list[tuple[bytes, list[bytes]]]:
    """The mounts that the caller sees, with their options."""
    found = []
    with open("/proc/self/mountinfo", "rb") as table:
        for line in table:
            fields = line.split()
            point = fields[4]
            for escaped, plain in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n")):
                point = point.replace(escaped, plain)
            found.append((point.replace(b"\\134", b"\\"), fields[5].split(b",")))
    return found


def _lies_in(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def _mode(folder: bytes) -> int:
    return stat.S_IMODE(os.stat(folder).st_mode)


def _touch(path: bytes, mode: int) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, mode))
