"""What the short ways of the invocations share: verify, authorize, pass on, pass back.

A short way touches neither SQLite nor the thread pool: keys, routes and decisions are in memory.
Only a large body goes to a pool, to be hashed there.
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial
from typing import ClassVar
from urllib.parse import unquote

from kennel.auth import verify
from kennel.errors import AwsError
from kennel.gateway.bodies import (
    ClientDisconnected,
    Receive,
    RequestEntityTooLargeException,
    Send,
    read_body,
)
from kennel.gateway.failures import failure_of
from kennel.gateway.plane import Plane
from kennel.gateway.replies import send_response
from kennel.gateway.sources import source_of
from kennel.services import Context
from kennel.wire import HttpRequest, HttpResponse, encode_error
from kennel.wire.identify import signing_name

__all__ = ["ShortWay"]

_HASH_IN_POOL = 1 << 20  # bytes; hashing less than this holds the loop for under a millisecond


class ShortWay(ABC):
    """One REST operation that is answered on the event loop. Called with every request; answers
    those that are its own (true) and leaves the others untouched (false)."""

    service: ClassVar[str]
    """botocore's name of the service; its protocol is REST-JSON."""
    path: ClassVar[re.Pattern[str]]
    """The path, with one group: the name of what is invoked."""
    limit: ClassVar[int]
    """Bytes that a payload may have."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._signing_name = signing_name(self.service)

    async def __call__(
        self, request: HttpRequest, receive: Receive, send: Send, request_id: str
    ) -> bool:
        match = self.path.fullmatch(request.path) if request.method == "POST" else None
        if match is None:
            return False
        try:
            request = replace(request, body=await self._body(request, receive))
            context = await self._context(request, request_id)
            response = await self.invoke(unquote(match.group(1)), request, context)
        except ClientDisconnected:
            raise
        except Exception as error:  # the request boundary: whatever it is becomes an AWS error
            failure = failure_of(error, "rest-json", request_id)
            response = encode_error(failure, self.service, "rest-json", request_id)
        await send_response(send, response, request_id)
        return True

    @abstractmethod
    async def invoke(self, name: str, request: HttpRequest, context: Context) -> HttpResponse:
        """Authorizes and serves a request whose signature is good. Raises AwsErrors."""

    @abstractmethod
    def too_large(self, request: HttpRequest) -> AwsError:
        """The service's answer to a payload above the limit."""

    async def _body(self, request: HttpRequest, receive: Receive) -> bytes:
        try:
            return await read_body(request, receive, self.limit)
        except RequestEntityTooLargeException:
            raise self.too_large(request) from None

    async def _context(self, request: HttpRequest, request_id: str) -> Context:
        now = self._plane.clock.wall()
        check = partial(verify, request, self._plane.credentials, now, service=self._signing_name)
        if len(request.body) < _HASH_IN_POOL:
            verified = check()
        else:
            verified = await asyncio.get_running_loop().run_in_executor(None, check)
        self._plane.note_key(verified)
        return self._plane.dispatcher.context(
            verified.principal, request_id=request_id, source=source_of(request, verified)
        )
