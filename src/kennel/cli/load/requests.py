"""The requests of a load, as bytes: what botocore itself would send, without botocore's cost.

A request is made and signed by botocore, which is kept from sending it, and is sent as often as
its signature is fresh. Signatures are good for five minutes.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kennel.cli.errors import UsageError
from kennel.cli.load.service import Service
from kennel.cli.load.target import Kind, Target

__all__ = ["Requests", "read_payloads"]

_FRESH = 60.0  # seconds that a signed request is used
_PAYLOADS_LIMIT = 1 << 30  # bytes of all payloads together; they are held in memory


class Requests:
    """Signed requests to a target, the payloads in turn. `options` are further arguments of
    InvokeEndpoint or Invoke."""

    def __init__(
        self, service: Service, target: Target, payloads: Sequence[bytes], options: dict[str, Any]
    ) -> None:
        is_endpoint = target.kind is Kind.ENDPOINT
        name = "sagemaker-runtime" if is_endpoint else "lambda"
        self._client = service.client(name, retries={"total_max_attempts": 1})
        self._operation = "invoke_endpoint" if is_endpoint else "invoke"
        self._body = "Body" if is_endpoint else "Payload"
        self._options = options
        if is_endpoint:
            self._options = options | {"EndpointName": target.name}
        else:
            self._options = options | {"FunctionName": target.name}
            if target.qualifier:
                self._options["Qualifier"] = target.qualifier
        self._payloads = payloads
        self._signed: list[tuple[float, bytes]] = [(-_FRESH, b"")] * len(payloads)
        self._captured: Any = None
        operation = "InvokeEndpoint" if is_endpoint else "Invoke"
        self._client.meta.events.register(f"before-send.{name}.{operation}", self._capture)

    @property
    def url(self) -> str:
        """Where they go."""
        return str(self._client.meta.endpoint_url)

    def get(self, number: int) -> bytes:
        """Request `number` of the load, head and body."""
        index = number % len(self._payloads)
        made, request = self._signed[index]
        now = time.monotonic()
        if now - made >= _FRESH:
            request = self._make(self._payloads[index])
            self._signed[index] = (now, request)
        return request

    def _make(self, payload: bytes) -> bytes:
        getattr(self._client, self._operation)(**{self._body: payload}, **self._options)
        prepared, self._captured = self._captured, None
        parts = urlsplit(prepared.url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        lines = [f"{prepared.method} {target} HTTP/1.1"]
        lines += [f"{name}: {_text(value)}" for name, value in prepared.headers.items()]
        body = prepared.body or b""
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + bytes(body)

    def _capture(self, request: Any, **_: Any) -> Any:
        """Takes botocore's request in place of the network, and answers it."""
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        self._captured = request
        return AWSResponse(request.url, 200, HTTPHeaders(), _NoBody())


class _NoBody(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield b""


def read_payloads(named: str | None, default: bytes) -> list[bytes]:
    """The bytes of a file, or of each file of a folder in the order of their names. Raises
    UsageError."""
    if named is None:
        return [default]
    path = Path(named).expanduser()
    try:
        files = [path]
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.is_file())
        if sum(file.stat().st_size for file in files) > _PAYLOADS_LIMIT:
            raise UsageError(f"The payloads in {path} are more than 1 GB together.")
        payloads = [file.read_bytes() for file in files]
    except OSError as error:
        raise UsageError(f"The payload {path} can't be read: {error.strerror}.") from None
    if not payloads:
        raise UsageError(f"The folder {path} has no files to send.")
    return payloads


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
