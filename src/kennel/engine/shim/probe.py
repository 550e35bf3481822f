"""Tells by its exit status whether this machine lets us have namespaces; its output says why not.

Run as `python -I -S -E probe.py mounts` or `… network`.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING or __package__:
    from kennel.engine.shim import network, sandbox
else:
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    import network
    import sandbox

__all__ = ["probe"]


def probe(what: str) -> str:
    """Why the machine refuses; empty if it does not."""
    try:
        if what == "mounts":
            sandbox.enter([], b"kennel")
            sandbox.mount_tmpfs(b"/tmp")
        else:
            network.make([])
    except (OSError, sandbox.SandboxError, network.NetworkError) as error:
        return str(error)
    return ""


if __name__ == "__main__":
    refusal = probe(sys.argv[1])
    if refusal:
        sys.stdout.write(f"{refusal}\n")
        sys.exit(1)
