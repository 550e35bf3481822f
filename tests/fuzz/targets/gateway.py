"""The whole way of a request through a plane, without the network.

Each input is sent by the account's root, whom every policy lets in, so that it gets as far as it
can; and again by nobody, by a stranger, with a wrong signature and by a user without policies, who
must get nothing.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from kennel.errors import AwsError
from kennel.gateway.application import Application
from kennel.gateway.form_uploads import FormUploads
from kennel.gateway.function_invocations import FunctionInvocations
from kennel.gateway.invocations import EndpointInvocations
from kennel.gateway.plane import Plane
from kennel.gateway.status import StatusPage
from kennel.identity import Principal
from kennel.settings import Settings
from kennel.wire import HttpRequest, UnknownOperation, identify
from tests.fuzz.http_text import read_text, signed, text_of
from tests.fuzz.target import Check, Target
from tests.fuzz.targets.requests import request_texts

__all__ = ["GATEWAY"]

_ACCOUNT = "000000000000"
_STREAM = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{}/aws4_request"
# Everybody may ask who they are, and a user without policies for a session of its own.
_FOR_ALL = frozenset({"GetCallerIdentity", "GetSessionToken"})
_STATUS = "/_kennel/status"  # for every principal, with no names of jobs in it
_TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)


@cache
def _seeds() -> Sequence[bytes]:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\na/key\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nabc\r\n--b--\r\n'
    )
    scope = {"host": "localhost"}
    more = (
        HttpRequest("GET", "/_kennel/status", "", {**scope, "authorization": _of("kennel")}),
        HttpRequest(
            "GET",
            "/_kennel/decisions",
            "limit=5&outcome=allowed&since=0",
            {**scope, "authorization": _of("kennel")},
        ),
        HttpRequest(
            "POST", "/fuzz-bucket", "", {"content-type": "multipart/form-data; boundary=b"}, form
        ),
        HttpRequest("GET", "/fuzz-bucket/a/key", "", {**scope, "range": "bytes=0-1"}),
        HttpRequest("OPTIONS", "/fuzz-bucket/a", "", {"origin": "http://a", **scope}),
    )
    return (*request_texts(), *map(text_of, more))


def _of(service: str) -> str:
    return _STREAM.format(service)


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class _Failures(logging.Handler):
    """What the gateway logs of failures of its own, for a find to say where they are."""

    def __init__(self) -> None:
        super().__init__()
        self.last: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.last = record.exc_info[1]


class _Gateway:
    """A plane's application, called as the web server calls it."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        responders = (
            EndpointInvocations(plane),
            FunctionInvocations(plane),
            FormUploads(plane),
            StatusPage(plane),
        )
        self._application = Application(plane, responders)
        self._runner = asyncio.Runner()
        self._failures = _Failures()
        logging.getLogger("kennel").addHandler(self._failures)
        logging.getLogger("kennel").propagate = False
        root = plane.credentials.root()
        self._root = (root.access_key_id, root.secret_access_key, "")
        context = plane.dispatcher.context(Principal.root(_ACCOUNT))
        context.call("s3", "CreateBucket", Bucket="fuzz-bucket")
        context.call("iam", "CreateRole", RoleName="fuzz-role", AssumeRolePolicyDocument=_TRUST)
        context.call("iam", "CreateUser", UserName="fuzz-nobody")
        made = context.call("iam", "CreateAccessKey", UserName="fuzz-nobody")["AccessKey"]
        self._nobody = (made["AccessKeyId"], made["SecretAccessKey"], "")

    def close(self) -> None:
        logging.getLogger("kennel").removeHandler(self._failures)
        logging.getLogger("kennel").propagate = True
        self._runner.close()
        self._application.close()

    def check(self, data: bytes) -> None:
        request = read_text(data)
        self._check_strangers(request)
        now = time.time()
        reply = self.ask(signed(request, *self._root[:2], now))
        assert len(reply.body) < 4 << 20, "a reply that is far too long"

    def _check_strangers(self, request: HttpRequest) -> None:
        operation = _operation(request)
        now = time.time()
        good = signed(request, *self._root[:2], now)
        header = good.headers["authorization"]
        flipped = header[:-1] + ("0" if header[-1] != "0" else "1")
        bare = {name: value for name, value in request.headers.items() if name != "authorization"}
        strangers = {
            "a wrong signature": replace(good, headers={**good.headers, "authorization": flipped}),
            "an unknown key": signed(request, "AKIAUNKNOWN", "x" * 40, now),
            "no signature": replace(request, headers=bare),
        }
        if operation not in _FOR_ALL and request.path != _STATUS:
            strangers["a user without policies"] = signed(request, *self._nobody[:2], now)
        for who, asked in strangers.items():
            reply = self.ask(asked)
            if operation == "DeleteObjects" and reply.status == 200:  # an answer for each key
                assert b"<Deleted>" not in reply.body, f"{who} deleted something"
                continue
            assert reply.status >= 400, f"{who} got {reply.status} for {operation}"

    def ask(self, request: HttpRequest) -> _Reply:
        """What comes back; nothing that fails is a correct answer."""
        self._failures.last = None
        reply = self._runner.run(self._ask(request))
        if reply.status >= 500 and reply.status != 501:
            raise AssertionError(f"HTTP {reply.status}") from self._failures.last
        return reply

    async def _ask(self, request: HttpRequest) -> _Reply:
        messages = [{"type": "http.request", "body": request.body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": request.method,
            "scheme": "http",
            "raw_path": request.path.encode("latin-1"),
            "query_string": request.query.encode("latin-1"),
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in request.headers.items()
            ],
            "client": ("127.0.0.1", 1),
        }
        await self._application(scope, receive, send)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in sent[0]["headers"]
        }
        for value in headers.values():
            assert not {"\r", "\n"} & set(value), "a header that is two"
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return _Reply(sent[0]["status"], headers, body)


def _operation(request: HttpRequest) -> str:
    try:
        return identify(request).operation
    except (UnknownOperation, AwsError):
        return ""


@contextmanager
def _opened() -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="fuzz-gateway-") as name:
        plane = Plane(Settings(Path(name), iam="enforce"), "http://127.0.0.1:9")
        plane.start()
        try:
            plane.start_services()
            gateway = _Gateway(plane)
            try:
                yield gateway.check
            finally:
                gateway.close()
        finally:
            plane.stop()


GATEWAY = Target("gateway", _seeds, _opened)
