"""Networks that processes share, each kept by a process that passes connections on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from kennel.engine.errors import StartError
from kennel.engine.interface import Network, ProcessSpec
from kennel.engine.launch import FLAGS, Joins, Keeps
from kennel.engine.process import LocalProcess
from kennel.engine.shim.network import LEASE, LISTENERS

__all__ = ["Networks"]

_PASSAGE = Path(__file__).parent / "shim" / "passage.py"
_ALONE_SECONDS = 60.0  # how long a network is kept that nobody is in


class Networks:
    """`start` starts a process, `adopt` finds the one of a folder; both as the engine does."""

    def __init__(
        self,
        python: str,
        start: Callable[[ProcessSpec, Keeps], LocalProcess],
        adopt: Callable[[Path], LocalProcess | None],
        *,
        alone_seconds: float = _ALONE_SECONDS,
    ) -> None:
        self._python = python
        self._start = start
        self._adopt = adopt
        self._alone_seconds = alone_seconds
        self._lock = threading.Lock()

    def join(self, network: Network) -> Joins:
        """How a process joins that network, which is made if it is not there yet. Raises
        EngineError."""
        lease = network.folder / "lease"
        with self._lock:
            keeper = self._adopt(network.folder)
            if keeper is None:
                keeper = self._start(self._spec(network), Keeps(lease, network.ports))
        if keeper.poll() is not None:
            raise StartError(f"the network of {network.folder} has ended: take another folder")
        return Joins(lease, *keeper.command)

    def _spec(self, network: Network) -> ProcessSpec:
        pairs = (f"{LISTENERS + n}:{port}" for n, port in enumerate(network.ports))
        command = (self._python, *FLAGS, str(_PASSAGE), str(self._alone_seconds), str(LEASE))
        try:
            network.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lease = network.folder / "lease"
            if not lease.exists():  # a start that came to nothing may have left it
                os.mkfifo(lease, 0o600)
        except OSError as error:
            raise StartError(f"the folder {network.folder}: {error.strerror}") from None
        return ProcessSpec(network.folder, (*command, *pairs), {}, Path("/"))
