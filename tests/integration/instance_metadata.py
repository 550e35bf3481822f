"""Instance metadata at an endpoint, asked for as curl would."""

from __future__ import annotations

import http.client
from contextlib import closing
from urllib.parse import urlsplit

__all__ = ["Metadata"]


class Metadata:
    """What listens at an instance's AWS_EC2_METADATA_SERVICE_ENDPOINT."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._token = ""

    def token(self, seconds: str, **headers: str) -> int:
        """Asks for a session's token; the status."""
        asked = {"X-aws-ec2-metadata-token-ttl-seconds": seconds} | headers
        status, body = self.open("api/token", "PUT", **asked)
        if status == 200:
            self._token = body
        return status

    def get(self, path: str, token: str | None = "") -> tuple[int, str]:
        """A category, with the token of before, another or none."""
        headers = {} if token is None else {"X-aws-ec2-metadata-token": token or self._token}
        return self.open(path, "GET", **headers)

    def open(self, path: str, method: str, **headers: str) -> tuple[int, str]:
        host = urlsplit(self._endpoint)
        connection = http.client.HTTPConnection(host.netloc)
        with closing(connection):
            encoded = {name: text.encode() for name, text in headers.items()}
            connection.request(method, f"{host.path}latest/{path}", headers=encoded)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
