"""What a command makes of a plane's answer that can't be read."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from kennel.cli.connection import Connection, aws_errors
from kennel.cli.errors import CommandError


class _Garbled(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = b"<ListRolesResponse>\x01"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *details: object) -> None:
        pass


@pytest.fixture
def garbled() -> Iterator[Connection]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Garbled) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            yield Connection(url, "us-east-1", "AKIA", "secret")
        finally:
            server.shutdown()
            thread.join()


def test_a_reply_that_can_not_be_read_is_one_sentence(garbled: Connection) -> None:
    client = garbled.client("iam")
    with pytest.raises(CommandError) as caught, aws_errors():
        client.list_roles()
    assert str(caught.value).startswith("The plane's reply can't be read: ")
    assert "\n" not in str(caught.value)
