"""Hands the role's credentials to AWS's SDKs inside the instance, newly each time they ask.

It is the endpoint that SDKs know as the container credentials provider
(AWS_CONTAINER_CREDENTIALS_FULL_URI). The plane replaces the file long before what is in it
expires, and SDKs ask again before it does: so a kernel may run for weeks. A second process of the
same user could ask as well, hence the token.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["CredentialEndpoint"]

_PATH = "/credentials"


class CredentialEndpoint:
    """Serves `file` on a port of loopback to whoever knows the token."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._token = secrets.token_urlsafe(32)
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> dict[str, str]:
        """Begins to answer; returns the variables that lead SDKs here."""
        file, token = self._file, self._token

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                given = self.headers.get("Authorization", "")
                if self.path != _PATH or not hmac.compare_digest(given.encode(), token.encode()):
                    self.send_error(404)
                    return
                body = file.read_bytes()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Nothing: who asks for credentials is of no interest in jupyter.log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="credentials", daemon=True).start()
        port = self._server.server_address[1]
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{port}{_PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
        }

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
