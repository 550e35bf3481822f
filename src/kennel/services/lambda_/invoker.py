"""Invocations: from what a caller asks to what it is told, on the event loop.

The warm path of a RequestResponse touches neither SQLite nor a thread pool; an Event is in the
queue on disk before its 202 leaves.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from kennel.engine import EngineError
from kennel.scaling.admission import ThrottleReason
from kennel.services.lambda_.environments import Answer, CapReached, Fleet, NotPublished, Request
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    InvalidRequestContentException,
    RequestTooLargeException,
    ResourceConflictException,
    ResourceNotFoundException,
    ServiceException,
    TooManyRequestsException,
)
from kennel.services.lambda_.metrics import FunctionMetrics
from kennel.services.lambda_.naming import FunctionName
from kennel.services.roles import RoleNotPassable

if TYPE_CHECKING:
    from kennel.services.lambda_.events import EventQueue
    from kennel.services.lambda_.routes import Routes
    from kennel.services.service import Parts

__all__ = ["EVENT_LIMIT", "PAYLOAD_LIMIT", "Invocation", "Invoker", "Reply", "payload_too_large"]

PAYLOAD_LIMIT = 6_291_456
"""Bytes of an event that is waited for ("Lambda quotas": 6 MB)."""
EVENT_LIMIT = 1_048_576
"""Bytes of an asynchronous event (1 MB; 256 KB before October 2025)."""

_CONTEXT_LIMIT = 3583  # bytes of the client context, in base64 (Invoke's reference)
_THREAD_FROM = 1 << 20  # bytes of JSON that take a thread to be checked

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a caller asks for. `client_context` is base64 as it came; `trace_id` may be empty."""

    named: FunctionName
    request_id: str
    payload: bytes
    kind: str = "RequestResponse"
    log_type: str = "None"
    client_context: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller is told. `log` is base64, empty unless asked for."""

    status: int
    payload: bytes = b""
    version: str = ""
    function_error: str = ""
    log: str = ""


class Invoker:
    """`invoke` is for the event loop."""

    def __init__(self, parts: Parts, fleet: Fleet, routes: Routes, events: EventQueue) -> None:
        self._parts = parts
        self._fleet = fleet
        self._routes = routes
        self._events = events
        self.metrics = FunctionMetrics(parts, fleet)
        fleet.sweepers.append(self.metrics.sweep)

    async def invoke(self, invocation: Invocation, arn: str) -> Reply:
        """Does what the invocation's kind asks for. `arn` is the function's, without a version.
        Raises the errors of Invoke."""
        named = invocation.named
        _check(invocation)
        context = _decoded(invocation.client_context)
        payload = invocation.payload or b"{}"
        await _check_json(payload)
        version = self._routes.resolve(named.name, named.qualifier)
        shown = f"{arn}:{named.qualifier}" if named.qualifier else arn
        try:
            self._fleet.deployment(named.name, version)
        except NotPublished as error:
            # Events for a function that gets ready are kept until it is.
            if invocation.kind != "Event" or not error.reason:
                raise _not_published(error, shown) from None
        if invocation.kind == "DryRun":
            return Reply(204)
        request = Request(
            invocation.request_id, shown, payload, context, invocation.trace_id or _new_trace()
        )
        if invocation.kind == "Event":
            await self._events.put(named, request)
            self.metrics.count(named, "AsyncEventsReceived", 1.0)
            return Reply(202)
        answer = await self.serve(named, request, version)
        tail = base64.b64encode(answer.log).decode() if invocation.log_type == "Tail" else ""
        return Reply(200, answer.payload, version, answer.function_error, tail)

    async def serve(self, named: FunctionName, request: Request, version: str = "") -> Answer:
        """Serves one invocation by the version, else by the one that `named` means now, and
        publishes its metrics. Raises the errors of Invoke."""
        version = version or self._routes.resolve(named.name, named.qualifier)
        try:
            seat = self._fleet.enter(named.name, named.qualifier, version)
        except NotPublished as error:
            raise _not_published(error, request.arn) from None
        except CapReached as error:
            self.metrics.count(named, "Throttles", 1.0, version=version)
            raise _throttled(error) from None
        self.metrics.entered(named, seat)
        try:
            answer = await self._fleet.serve(seat, request)
        except RoleNotPassable:
            raise InvalidParameterValueException(
                "The role defined for the function cannot be assumed by Lambda."
            ) from None
        except EngineError as error:
            log.error("no environment for %s: %s", named.name, error)
            raise ServiceException(
                f"No environment could be started for the function {named.name}: {error}"
            ) from None
        finally:
            self.metrics.left(named, seat)
        self.metrics.invoked(named, seat, answer.duration, failed=bool(answer.function_error))
        return answer

    def stopped(self, named: FunctionName) -> bool:
        """Whether the function's reserved concurrency is 0."""
        return self._fleet.ledger.is_stopped(named.name)

    def count(self, named: FunctionName, metric: str, value: float, unit: str = "Count") -> None:
        """Publishes a value of an event's."""
        self.metrics.count(named, metric, value, unit)


def _throttled(error: CapReached) -> TooManyRequestsException:
    """[O] AWS words the caller's own rate differently."""
    is_rate = error.reason is ThrottleReason.ACCOUNT_RATE
    return TooManyRequestsException(
        "Rate exceeded" if is_rate else "Rate Exceeded.",
        Reason=error.reason,
        retryAfterSeconds="1",
    )


def payload_too_large(kind: str, size: int) -> RequestTooLargeException:
    """The answer to an event above the limit."""
    if kind == "Event":
        return RequestTooLargeException(
            f"{size} byte payload is too large for the Event invocation type "
            f"(limit {EVENT_LIMIT} bytes)"
        )
    return RequestTooLargeException(
        f"Request must be smaller than {PAYLOAD_LIMIT} bytes for the InvokeFunction operation"
    )


def _check(invocation: Invocation) -> None:
    if invocation.kind not in ("RequestResponse", "Event", "DryRun"):
        raise InvalidParameterValueException(
            f"The InvocationType {invocation.kind} is not one of RequestResponse, Event, DryRun."
        )
    if invocation.log_type not in ("None", "Tail"):
        raise InvalidParameterValueException(
            f"The LogType {invocation.log_type} is not one of None, Tail."
        )
    size = len(invocation.payload)
    if size > (EVENT_LIMIT if invocation.kind == "Event" else PAYLOAD_LIMIT):
        raise payload_too_large(invocation.kind, size)


def _decoded(client_context: str) -> str:
    """The client context as one line of JSON. Raises InvalidRequestContentException."""
    if not client_context:
        return ""
    if len(client_context) > _CONTEXT_LIMIT:
        raise InvalidRequestContentException(
            f"Client context must be no more than {_CONTEXT_LIMIT} bytes when base64-encoded."
        )
    try:
        parsed = msgspec.json.decode(base64.b64decode(client_context, validate=True))
    except (ValueError, RecursionError) as error:  # DecodeError is a ValueError
        raise InvalidRequestContentException(
            f"Client context must be a valid Base64-encoded JSON object: {error}"
        ) from None
    if not isinstance(parsed, dict):
        raise InvalidRequestContentException("Client context must be a JSON object.")
    return json.dumps(parsed)  # ASCII on one line, as a header must be


async def _check_json(payload: bytes) -> None:
    try:
        if len(payload) < _THREAD_FROM:
            msgspec.json.decode(payload, type=msgspec.Raw)
        else:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, _parse, payload)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestContentException(
            f"Could not parse request body into json: {error}"
        ) from None


def _parse(payload: bytes) -> None:
    msgspec.json.decode(payload, type=msgspec.Raw)


def _not_published(
    error: NotPublished, arn: str
) -> ResourceNotFoundException | ResourceConflictException:
    if error.reason:
        return ResourceConflictException(error.reason)
    return ResourceNotFoundException(f"Function not found: {arn}")


def _new_trace() -> str:
    """X-Ray's header for a call that nobody traces."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Sampled=0"
