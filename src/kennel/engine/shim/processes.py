"""A pid namespace: the processes in it see one another, and nobody else's.

    shim  ── command    (2 inside)
          └─ init       (1 inside)

The kernel puts the *children* of whoever takes the namespace into it. So a child of the shim takes
it, forks init and the command, and ends; both come to the shim then, which has adopted orphans all
along. The shim waits for the command as for any child of its own and knows it by this machine's
pid. Init mounts the namespace's /proc, lets orphans go, and holds the namespace: with its end the
kernel ends everything inside. It ends with the shim, whose pipe it reads.

The shim imports this file without the rest of Kennel. System calls: pid_namespaces(7), proc(5).
"""

from __future__ import annotations

import os
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import NoReturn
else:
    import _signal as signal  # the public module takes 3 ms, all of it for enums

if TYPE_CHECKING or __package__:
    from kennel.engine.shim import namespace, privileges
else:
    import namespace
    import privileges

__all__ = ["ProcessesError", "start_init"]

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND = 32, 4096
_MOST_DESCRIPTORS = 1 << 16
_FLAGS = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
# What there is of the machine's in /proc beside processes; some of it root's user may write.
_READ_ONLY = (b"/proc/sys", b"/proc/sysrq-trigger", b"/proc/irq", b"/proc/bus", b"/proc/fs")
_HIDDEN = (b"/proc/kcore", b"/proc/keys", b"/proc/timer_list", b"/proc/sched_debug")


class ProcessesError(Exception):
    """The namespace's init could not be started; the message is a sentence for the user."""


def start_init(life: int, *, is_user: bool) -> int:
    """Forks the init of the pid namespace that the caller took for its children; returns its pid,
    as the caller sees it, once /proc is there. Raises ProcessesError.

    `life` is the pipe at whose end init ends; it keeps nothing else of the caller's open. `is_user`
    says that a user namespace was taken too: nobody inside can make another then.
    """
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _be_init(life, tell, is_user)
    os.close(tell)
    reason = b""
    while part := os.read(told, 4096):
        reason += part
    os.close(told)
    if reason != b"ok":
        raise ProcessesError(reason.decode() or "the init of its pid namespace died")
    return pid


def _be_init(life: int, tell: int, is_user: bool) -> NoReturn:
    try:
        os.setsid()
        low, high = sorted((life, tell))
        for start, end in ((0, low), (low + 1, high), (high + 1, _MOST_DESCRIPTORS)):
            os.closerange(start, end)
        signal.set_wakeup_fd(-1)
        for number in range(1, signal.NSIG):
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel lets orphans go by itself
        _mount_proc(is_user)
        privileges.drop()
        privileges.hide_memory()
        os.chdir("/")
        os.write(tell, b"ok")
        os.close(tell)
        poller = select.poll()
        poller.register(life, 0)  # what is written there is for the command
        poller.poll()
    except OSError as error:
        os.write(tell, f"its own /proc could not be made: {error}".encode())
    finally:
        os._exit(0)


def _mount_proc(is_user: bool) -> None:
    namespace.call("mount", b"proc", b"/proc", b"proc", _FLAGS, None)
    if is_user:
        # A namespace inside would give capabilities back, to mount control groups for example.
        with open("/proc/sys/user/max_user_namespaces", "w") as limit:
            limit.write("0")
    for path in _READ_ONLY:
        if os.path.exists(path):
            namespace.call("mount", path, path, None, _MS_BIND, None)
            flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _FLAGS
            namespace.call("mount", None, path, None, flags, None)
    for path in _HIDDEN:
        if os.path.exists(path):
            namespace.call("mount", b"/dev/null", path, None, _MS_BIND, None)
