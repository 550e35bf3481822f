"""The ASGI application: one AWS request in, one AWS reply out.

    request → identify → verify the signature → decode and check → authorize and run → encode

Everything that may wait (SQLite, files, a service) runs in a bounded thread pool; the event loop
only moves bytes. The two invocations take a way of their own (`kennel.gateway.invocations`).
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from kennel.auth import AuthenticationError, Failure, Verified, unsigned, verify
from kennel.gateway.bodies import (
    SHORT_BODY,
    ClientDisconnected,
    Receive,
    Send,
    read_body,
    send_slices,
)
from kennel.gateway.budget import BodyBudget, ServiceUnavailable
from kennel.gateway.failures import failure_of
from kennel.gateway.misdirected import refusal
from kennel.gateway.plane import Plane
from kennel.gateway.replies import send_response
from kennel.gateway.sources import source_of
from kennel.gateway.uploads import receive_upload
from kennel.identity import PrincipalKind
from kennel.services import Context
from kennel.store import BlobSlices
from kennel.wire import (
    HttpRequest,
    HttpResponse,
    Target,
    UnknownOperation,
    decode,
    encode,
    encode_error,
    identify,
    operation_model,
    validate,
)
from kennel.wire.hosts import bucket_of_host
from kennel.wire.identify import scope_service, signing_name

__all__ = ["Application", "Responder"]

log = logging.getLogger(__name__)

_BODY_LIMIT = 8 << 20  # bytes: PutLogEvents' megabyte, each of its letters escaped
_ARCHIVE_LIMIT = 72 << 20  # a 50 MB function archive in base64, and its JSON around it
_IN_FLIGHT_LIMIT = 1024  # requests that wait or run; more are told to come back
_THREADS = 48
_TAKING = frozenset({"PUT", "POST"})  # the methods of operations that take an object

Responder = Callable[[HttpRequest, Receive, Send, str], Awaitable[bool]]
"""Answers a request that is its own (true) or leaves it untouched (false)."""


class Application:
    """The gateway for one plane."""

    def __init__(self, plane: Plane, responders: Sequence[Responder]) -> None:
        self._plane = plane
        self._responders = responders
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="gateway")
        self._in_flight = 0
        self._budget = BodyBudget()

    def close(self) -> None:
        """Lets the running requests finish and ends the pool."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the gateway speaks HTTP only, not {scope['type']}")
        request = _request(scope)
        request_id = str(uuid.uuid4())
        try:
            refused = refusal(request)
            if refused is not None:
                await send_response(send, refused, request_id)
                return
            with self._budget.lease(request, self._plane.credentials) as lease:
                counted = lease.counting(receive)
                for responder in self._responders:
                    if await responder(request, counted, send, request_id):
                        return
                await self._answer(request, receive, counted, send, request_id)
        except ClientDisconnected:
            log.debug("client left during %s %s", request.method, request.path)

    async def _answer(
        self,
        request: HttpRequest,
        receive: Receive,
        counted: Receive,
        send: Send,
        request_id: str,
    ) -> None:
        exchange = _Exchange(self._plane, request, request_id)
        self._in_flight += 1
        try:
            if self._in_flight > _IN_FLIGHT_LIMIT:
                raise ServiceUnavailable("Too many requests at once. Please reduce your rate.")
            reply = await self._run(exchange, receive, counted)
        except ClientDisconnected:
            raise
        except Exception as error:  # the request boundary: whatever it is becomes an AWS error
            reply = exchange.failure(error), None
        finally:
            self._in_flight -= 1
        response, slices = reply
        if slices is None:
            await send_response(send, response, request_id)
            return
        with slices:
            await send_response(send, response, request_id, streaming=True)
            await send_slices(send, slices, self._pool)

    async def _run(
        self, exchange: _Exchange, receive: Receive, counted: Receive
    ) -> tuple[HttpResponse, BlobSlices | None]:
        """`receive` is for a body that goes to disk, `counted` for one that goes to memory."""
        loop = asyncio.get_running_loop()
        service = scope_service(exchange.request)
        if exchange.request.method in _TAKING and service == "s3":
            # S3's operations are known by their route, and some must not be read into memory.
            await loop.run_in_executor(self._pool, exchange.admit)
            if exchange.streams_in:
                upload = await receive_upload(
                    exchange.request, exchange.verified, receive, self._plane.blobs, self._pool
                )
                try:
                    return await loop.run_in_executor(
                        self._pool, exchange.run_with_body, upload.finish
                    )
                finally:
                    upload.close()
        limit = _ARCHIVE_LIMIT if service == "lambda" else _BODY_LIMIT
        body = await read_body(exchange.request, counted, limit)
        exchange.request = replace(exchange.request, body=body)
        return await loop.run_in_executor(self._pool, exchange.run)


class _Exchange:
    """One request's way through wire, auth and service. Its methods run on pool threads."""

    def __init__(self, plane: Plane, request: HttpRequest, request_id: str) -> None:
        self._plane = plane
        self.request = request
        self._request_id = request_id
        self._target: Target | None = None
        self.verified: Verified | None = None

    @property
    def streams_in(self) -> bool:
        """Whether the operation's body is a stream that goes to disk."""
        assert self._target is not None
        model = operation_model(self._target.service, self._target.operation)
        return bool(model.has_streaming_input)

    def identify(self) -> None:
        """Finds the operation, which the query protocols name in the body."""
        self._target = identify(self.request)

    def admit(self) -> None:
        """Identifies a streaming operation and verifies its signature; its body comes later."""
        self.identify()
        if self.streams_in:
            self._verify(streamed=True)
            self._turn_strangers_away()

    def run(self) -> tuple[HttpResponse, BlobSlices | None]:
        """The whole way of a request whose body is in memory."""
        if self._target is None:
            self.identify()
        self._verify(streamed=False)
        return self.run_with_body(lambda: ({}, {}))

    def _verify(self, *, streamed: bool) -> None:
        assert self._target is not None
        try:
            self.verified = verify(
                self.request,
                self._plane.credentials,
                self._plane.clock.wall(),
                service=signing_name(self._target.service),
                streamed=streamed,
                bucket=bucket_of_host(self.request.host),
            )
            self._plane.note_key(self.verified)
        except AuthenticationError as error:
            if error.failure is not Failure.UNSIGNED or self._target.service != "s3":
                raise
            # A bucket may be everybody's: its policy is asked.
            self.verified = unsigned(self.request, streamed=streamed)

    def _turn_strangers_away(self) -> None:
        """The anonymous caller is asked before its body fills the disk, and not after alone."""
        assert self._target is not None
        assert self.verified is not None
        if self.verified.principal.kind is PrincipalKind.ANONYMOUS:
            self._plane.dispatcher.authorize(
                self._context(),
                self._target.service,
                self._target.operation,
                decode(self._target, self.request),
            )

    def run_with_body(
        self, body: Callable[[], tuple[dict[str, str], dict[str, Any]]]
    ) -> tuple[HttpResponse, BlobSlices | None]:
        """Decodes, runs and encodes. `body` gives headers that came behind the body (trailers)
        and the parameters that stand for it."""
        assert self._target is not None
        trailers, streamed = body()
        if trailers:
            self.request = replace(self.request, headers={**self.request.headers, **trailers})
        parameters = decode(self._target, self.request)
        parameters.update(streamed)
        validate(self._target, parameters)
        result = self._plane.dispatcher.invoke(
            self._context(), self._target.service, self._target.operation, parameters
        )
        slices = result.get("Body")
        if not isinstance(slices, BlobSlices):
            return encode(self._target, result, self._request_id), None
        rest = {name: value for name, value in result.items() if name != "Body"}
        response = encode(self._target, rest, self._request_id)
        if slices.length > SHORT_BODY:
            return response, slices
        with slices:  # two hops to the pool less: a third of what a small object costs
            response.body = slices.read()
        return response, None

    def failure(self, error: Exception) -> HttpResponse:
        """The reply to a request that failed."""
        service, protocol = self._spoken()
        if isinstance(error, UnknownOperation):
            service, protocol = error.service or service, error.protocol
        aws_error = failure_of(error, protocol, self._request_id)
        return encode_error(
            aws_error, service, protocol, self._request_id, head=self.request.method == "HEAD"
        )

    def _spoken(self) -> tuple[str, str]:
        """Service and protocol for an error, as far as they are known."""
        if self._target is not None:
            return self._target.service, self._target.protocol
        try:
            target = identify(self.request)
        except UnknownOperation as error:
            return error.service, error.protocol
        return target.service, target.protocol

    def _context(self) -> Context:
        assert self.verified is not None
        return self._plane.dispatcher.context(
            self.verified.principal,
            request_id=self._request_id,
            source=source_of(self.request, self.verified),
        )


def _request(scope: MutableMapping[str, Any]) -> HttpRequest:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return HttpRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1") or "/",
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        secure=scope["scheme"] == "https",
        client=(scope.get("client") or ("",))[0],
    )
