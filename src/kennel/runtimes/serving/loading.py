"""Answering /ping while the model is still being loaded."""

from __future__ import annotations

import os
import select
import socket
import threading
from types import TracebackType

from kennel.runtimes.serving.http import Response, render_head

__all__ = ["LoadingAnswers"]

_RESPONSE = Response(503, b"The model is still loading.\n")
_SECONDS = 1.0


class LoadingAnswers:
    """While the block runs, a thread answers every request on `listener` with 503.

    Only for a process that is never forked again. On leaving, the thread has ended and nothing
    that it had accepted is left.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._thread = threading.Thread(target=self._run, name="loading-answers", daemon=True)
        self._stop, self._stopped = os.pipe()

    def __enter__(self) -> None:
        self._listener.setblocking(False)
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._stopped)
        self._thread.join()
        os.close(self._stop)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        while all(descriptor != self._stop for descriptor, _ in poll.poll()):
            try:
                client, _ = self._listener.accept()
            except OSError:
                continue
            with client:
                _answer(client)


def _answer(client: socket.socket) -> None:
    client.settimeout(_SECONDS)
    received = b""
    try:
        while b"\r\n\r\n" not in received:
            chunk = client.recv(65536)
            if not chunk:
                return
            received += chunk
        client.sendall(render_head(_RESPONSE, keep_alive=False) + _RESPONSE.body)
    except OSError:
        return
