"""A process's surroundings: namespaces of its own, and a view of the file system.

It can write to what its task names and to a /tmp of its own, and to nothing else. What the task
hides is not there: the plane's state, other jobs' folders, keys in the user's home. /dev has the
harmless devices and the GPUs, /run is empty. What is named is there in spite of that.

Everything happens in a new mount namespace, so the machine sees nothing of it and the last
process's end undoes it. With a user namespace the process has another user's number inside, and
no way to change a mount. Without one only root may have all this; it then stays root by number,
without capabilities.

The shim imports this file without the rest of Kennel. System calls: unshare(2), mount(2),
sethostname(2).
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

if TYPE_CHECKING or __package__:
    from kennel.engine.shim import devices, namespace, privileges, view
else:
    import devices
    import namespace
    import privileges
    import view

__all__ = ["Sandbox", "enter"]

_INSIDE = 1000  # the number inside of a user who is root outside
_SCRATCH = (b"/tmp", b"/var/tmp")
_RUN = b"/run"
# Programs look up names there; it is often a link into /run.
_RESOLVER = b"/etc/resolv.conf"


class Sandbox:
    """What the plane asks for; it arrives as a marshalled dict with these keys."""

    def __init__(self, raw: dict[str, Any]) -> None:
        # Source, target, read only.
        self.mounts: list[tuple[bytes, bytes, bool]] = raw["mounts"]
        self.readable: list[bytes] = raw["readable"]
        self.writable: list[bytes] = raw["writable"]
        self.hidden: list[bytes] = raw["hidden"]
        # The engine's record of it, which is never writable.
        self.record: bytes = raw["record"]
        # What gethostname(2) says inside; the machine's own if empty.
        self.host_name: bytes = raw["host_name"]
        # The name of the process's user, as programs find it in /etc/passwd, and its home.
        self.user_name: bytes = raw["user_name"]
        self.home: bytes = raw["home"]
        # Which of them this machine gives.
        self.has_user: bool = raw["has_user"]
        self.has_processes: bool = raw["has_processes"]


def enter(asked: Sandbox) -> None:
    """Moves the caller into the namespaces and makes its view. Its children alone are in the pid
    namespace. Raises ViewError."""
    outer, group = os.geteuid(), os.getegid()
    is_renumbered = asked.has_user and outer == 0
    uid, gid = (_INSIDE, _INSIDE) if is_renumbered else (outer, group)
    try:
        _take(asked, uid, gid)
        if asked.host_name:
            namespace.call("sethostname", asked.host_name, len(asked.host_name))
        own = view.View()
        _look(own, asked)
        if is_renumbered:
            _name_user(own, asked.user_name, asked.home)
        own.close()
    except OSError as error:
        raise view.ViewError(f"the process's surroundings could not be made: {error}") from None


def _take(asked: Sandbox, uid: int, gid: int) -> None:
    kinds = namespace.MOUNTS | namespace.MEMORY | namespace.HOST_NAME
    if asked.has_processes:
        kinds |= namespace.PROCESSES
    privileges.leave_groups()
    if asked.has_user:
        namespace.take_user(kinds, uid, gid)
    else:
        namespace.call("unshare", kinds)


def _look(own: view.View, asked: Sandbox) -> None:
    shown = _shown(asked)
    own.open_root((*shown, _RUN, *_SCRATCH))
    # What is shown may lie below what is hidden, so all is opened before the first mount.
    opened = {source: view.opened(source) for source, _ in shown.values()}
    hidden = {os.path.realpath(path) for path in asked.hidden} - shown.keys()
    own.blank(_RUN)
    devices.make(own)
    # Parents before what lies in them.
    for path in sorted({*shown, *hidden, *_SCRATCH}, key=lambda path: path.split(b"/")):
        if path in shown:
            source, is_read_only = shown[path]
            own.bind(view.way_to(source, opened[source]), path, is_read_only, source == path)
        elif path in hidden:
            own.hide(path, is_way=any(other.startswith(path + b"/") for other in shown))
        else:
            own.scratch(path)
    own.protect(asked.record)
    for descriptor in filter(None, opened.values()):
        os.close(descriptor)


def _shown(asked: Sandbox) -> dict[bytes, tuple[bytes, bool]]:
    """Source and read only, by target."""
    shown = {target: (source, read_only) for source, target, read_only in asked.mounts}
    if _SCRATCH[0] in shown:
        for path in _SCRATCH[1:]:
            shown.setdefault(path, shown[_SCRATCH[0]])
    for path in asked.writable:
        shown.setdefault(path, (path, False))
    covered = {*map(os.path.realpath, asked.hidden), *shown, *_SCRATCH, _RUN}
    wanted = [*asked.readable]
    if os.path.exists(_RESOLVER):
        wanted.append(os.path.realpath(_RESOLVER))
    for path in wanted:
        if any(path.startswith(other + b"/") for other in covered):
            shown.setdefault(path, (path, True))
    return shown


def _name_user(own: view.View, name: bytes, home: bytes) -> None:
    """Programs find the number that the process's user has inside, and its group."""
    for path, line in (
        (b"/etc/passwd", b"%s:x:%d:%d::%s:/bin/sh\n" % (name, _INSIDE, _INSIDE, home)),
        (b"/etc/group", b"%s:x:%d:\n" % (name, _INSIDE)),
    ):
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            kept = [old for old in file if old.split(b":")[2:3] != [b"%d" % _INSIDE]]
        own.replace(path, b"".join([*kept, line]))
