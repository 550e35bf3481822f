"""A /dev of a process's own: the harmless devices, the GPUs, terminals and shared memory.

A user who is root outside owns the machine's disks there, and needs no capability to open them.

The shim imports this file without the rest of Kennel. Which devices a container has: "Default
Devices" of the OCI Runtime Specification.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING or __package__:
    from kennel.engine.shim import namespace, view
else:
    import namespace
    import view

__all__ = ["make"]

_DEV = b"/dev"
_DEVICES = (b"null", b"zero", b"full", b"random", b"urandom", b"tty")
_GPUS = (b"nvidia", b"dri", b"kfd")  # what their names begin with
_LINKS = (
    (b"fd", b"/proc/self/fd"),
    (b"stdin", b"/proc/self/fd/0"),
    (b"stdout", b"/proc/self/fd/1"),
    (b"stderr", b"/proc/self/fd/2"),
    (b"ptmx", b"pts/ptmx"),
)
_MS_NOSUID, _MS_NOEXEC = 2, 8


def make(own: view.View) -> None:
    """Covers /dev. Raises OSError."""
    names = [name for name in os.listdir(_DEV) if name in _DEVICES or name.startswith(_GPUS)]
    below = os.open(_DEV, os.O_PATH | os.O_DIRECTORY)
    view.mount_tmpfs(_DEV, 0o755)
    os.fchdir(below)  # relative paths lead below the tmpfs now
    for name in names:
        view.bind_back(name, os.path.join(_DEV, name))
    os.chdir("/")
    os.close(below)
    for name, target in _LINKS:
        os.symlink(target, os.path.join(_DEV, name))
    for name in (b"shm", b"pts"):
        os.mkdir(os.path.join(_DEV, name))
    view.mount_tmpfs(b"/dev/shm", 0o1777)
    flags = _MS_NOSUID | _MS_NOEXEC
    options = b"newinstance,ptmxmode=0666,mode=620"
    namespace.call("mount", b"devpts", b"/dev/pts", b"devpts", flags, options)
    own.keep(b"/dev/shm")
    own.keep(b"/dev/pts")
