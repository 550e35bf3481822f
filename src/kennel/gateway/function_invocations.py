"""The short way of Lambda's Invoke, like that of InvokeEndpoint: no pool, no decoding by model."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from functools import partial
from urllib.parse import unquote

from kennel.auth import Verified, verify
from kennel.gateway.bodies import (
    ClientDisconnected,
    Receive,
    RequestEntityTooLarge,
    Send,
    read_body,
)
from kennel.gateway.failures import failure_of
from kennel.gateway.plane import Plane
from kennel.gateway.replies import send_response
from kennel.services.lambda_ import (
    PAYLOAD_LIMIT,
    Invocation,
    Lambda,
    Reply,
    function_arn,
    parse_name,
    payload_too_large,
)
from kennel.wire import HttpRequest, HttpResponse, encode_error

__all__ = ["FunctionInvocations"]

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_HASH_IN_POOL = 1 << 20  # bytes; hashing less than this holds the loop for under a millisecond


class FunctionInvocations:
    """`POST /2015-03-31/functions/NAME/invocations`."""

    def __init__(self, plane: Plane, service: Lambda) -> None:
        self._plane = plane
        self._service = service

    async def __call__(
        self, request: HttpRequest, receive: Receive, send: Send, request_id: str
    ) -> bool:
        if request.method != "POST":
            return False
        match = _PATH.fullmatch(request.path)
        if match is None:
            return False
        try:
            response = await self._invoke(unquote(match.group(1)), request, receive, request_id)
        except ClientDisconnected:
            raise
        except Exception as error:  # the request boundary: whatever it is becomes an AWS error
            failure = failure_of(error, "rest-json", request_id)
            response = encode_error(failure, "lambda", "rest-json", request_id)
        await send_response(send, response, request_id)
        return True

    async def _invoke(
        self, function: str, request: HttpRequest, receive: Receive, request_id: str
    ) -> HttpResponse:
        headers = request.headers
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        try:
            body = await read_body(receive, PAYLOAD_LIMIT)
        except RequestEntityTooLarge:
            size = int(headers.get("content-length") or PAYLOAD_LIMIT + 1)
            raise payload_too_large(kind, size) from None
        verified = await self._verify(replace(request, body=body))
        context = self._plane.dispatcher.context(
            verified.principal, request_id=request_id, region=verified.region
        )
        qualifier = request.query_values.get("Qualifier", "") if request.query else ""
        named = parse_name(context, function, qualifier)
        parameters = {"FunctionName": named.name, "Qualifier": named.qualifier}
        self._plane.dispatcher.authorize(context, "lambda", "Invoke", parameters)
        invocation = Invocation(
            named,
            request_id,
            body,
            kind,
            headers.get("x-amz-log-type", "None"),
            headers.get("x-amz-client-context", ""),
            headers.get("x-amzn-trace-id", ""),
        )
        arn = function_arn(context, named.name)
        return _response(await self._service.invoker.invoke(invocation, arn))

    async def _verify(self, request: HttpRequest) -> Verified:
        now = self._plane.clock.wall()
        check = partial(verify, request, self._plane.credentials, now, service="lambda")
        if len(request.body) < _HASH_IN_POOL:
            return check()
        return await asyncio.get_running_loop().run_in_executor(None, check)


def _response(reply: Reply) -> HttpResponse:
    headers = {"Content-Type": "application/json"}
    for name, value in (
        ("X-Amz-Executed-Version", reply.version),
        ("X-Amz-Function-Error", reply.function_error),
        ("X-Amz-Log-Result", reply.log),
    ):
        if value:
            headers[name] = value
    return HttpResponse(reply.status, headers, reply.payload)
