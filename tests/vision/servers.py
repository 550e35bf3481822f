"""Small web servers for tests of links."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["answer", "serving"]


def answer(body: bytes, kind: str = "image/jpeg", status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


@contextmanager
def serving(respond: Callable[[str, socket.socket], None]) -> Iterator[str]:
    """A server on this machine, as http://127.0.0.1:PORT; `respond` gets each request's target
    and the connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_handle, args=(client, respond), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _handle(client: socket.socket, respond: Callable[[str, socket.socket], None]) -> None:
    with client:
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = client.recv(65536)
            if not chunk:
                return
            received += chunk
        try:
            respond(received.split(b" ")[1].decode(), client)
        except OSError:
            pass  # the client has gone, as it should
