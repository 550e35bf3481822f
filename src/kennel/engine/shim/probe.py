"""Tells what namespaces this machine lets us have, by taking them.

Run as `python -I -S -E probe.py`. For each it prints a line, `NAME: REASON`, with an empty reason
where the machine does not refuse: `mounts`, `users`, `processes`, `network`. `mounts` are those of
a process's surroundings as a whole (see sandbox.py); the two after it are tried with them.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

if TYPE_CHECKING or __package__:
    from kennel.engine.shim import network, processes, sandbox, view
else:
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    import network
    import processes
    import sandbox
    import view

__all__ = ["probe"]


def probe() -> dict[str, str]:
    """Why the machine refuses, by name; empty where it does not."""
    users = _attempt(lambda: _enter(has_user=True, has_processes=False))
    # Without a user namespace only root gets anywhere.
    mounts = users and _attempt(lambda: _enter(has_user=False, has_processes=False))
    found = {"mounts": mounts, "users": users, "processes": mounts}
    if not mounts:
        has_user = not users
        found["processes"] = _attempt(lambda: _enter(has_user=has_user, has_processes=True))
    found["network"] = _attempt(lambda: network.make([]))
    return found


def _enter(*, has_user: bool, has_processes: bool) -> None:
    asked = sandbox.Sandbox(
        {
            **dict.fromkeys(("mounts", "readable", "writable", "hidden"), ()),
            **dict.fromkeys(("record", "host_name", "user_name", "home"), b"kennel"),
            "has_user": has_user,
            "has_processes": has_processes,
        }
    )
    sandbox.enter(asked)
    if has_processes:
        life, _ = os.pipe()
        processes.start_init(life, is_user=has_user)


def _attempt(what: Callable[[], None]) -> str:
    """In a child, whose end undoes it."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            what()
        except (OSError, view.ViewError, processes.ProcessesError, network.NetworkError) as error:
            os.write(tell, " ".join(str(error).split()).encode())
        finally:
            os._exit(0)
    os.close(tell)
    reason = b""
    while part := os.read(told, 4096):
        reason += part
    os.close(told)
    status = os.waitpid(pid, 0)[1]
    return reason.decode() or ("the attempt died" if status else "")


if __name__ == "__main__":
    for name, reason in probe().items():
        sys.stdout.write(f"{name}: {reason}\n")
