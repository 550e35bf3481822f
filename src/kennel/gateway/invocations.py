"""The short way of InvokeEndpoint: verify, authorize, pass the bytes on, pass the reply back.

It touches neither SQLite nor the thread pool: keys, routes and decisions are in memory. Only a
large body goes to the pool, to be hashed there.
"""

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
from kennel.services.sagemaker_runtime import (
    PAYLOAD_LIMIT,
    Invocation,
    SageMakerRuntime,
    payload_too_large,
)
from kennel.wire import HttpRequest, HttpResponse, encode_error

__all__ = ["EndpointInvocations"]

_PATH = re.compile(r"/endpoints/([^/]+)/invocations")
_HASH_IN_POOL = 1 << 20  # bytes; hashing less than this holds the loop for under a millisecond

_REPLY_HEADERS = {
    "content-type": "Content-Type",
    "x-amzn-sagemaker-custom-attributes": "X-Amzn-SageMaker-Custom-Attributes",
    "x-kennel-model-micros": "x-kennel-model-micros",
}


class EndpointInvocations:
    """`POST /endpoints/NAME/invocations`."""

    def __init__(self, plane: Plane, runtime: SageMakerRuntime) -> None:
        self._plane = plane
        self._runtime = runtime

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
            response = encode_error(
                failure_of(error, "rest-json", request_id),
                "sagemaker-runtime",
                "rest-json",
                request_id,
            )
        await send_response(send, response, request_id)
        return True

    async def _invoke(
        self, endpoint: str, request: HttpRequest, receive: Receive, request_id: str
    ) -> HttpResponse:
        try:
            body = await read_body(receive, PAYLOAD_LIMIT)
        except RequestEntityTooLarge:
            raise payload_too_large() from None
        verified = await self._verify(replace(request, body=body))
        headers = request.headers
        context = self._plane.dispatcher.context(
            verified.principal, request_id=request_id, region=verified.region
        )
        self._plane.dispatcher.authorize(
            context, "sagemaker-runtime", "InvokeEndpoint", {"EndpointName": endpoint}
        )
        invocation = Invocation(
            endpoint=endpoint,
            body=body,
            content_type=headers.get("content-type", ""),
            accept=headers.get("accept", ""),
            custom_attributes=headers.get("x-amzn-sagemaker-custom-attributes", ""),
            target_variant=headers.get("x-amzn-sagemaker-target-variant", ""),
            inference_id=headers.get("x-amzn-sagemaker-inference-id", ""),
        )
        served = await self._runtime.router.invoke(invocation)
        self._runtime.account(invocation, served)
        reply_headers = {
            shown: served.reply.headers[name]
            for name, shown in _REPLY_HEADERS.items()
            if name in served.reply.headers
        }
        reply_headers["x-Amzn-Invoked-Production-Variant"] = served.variant
        return HttpResponse(200, reply_headers, served.reply.body)

    async def _verify(self, request: HttpRequest) -> Verified:
        now = self._plane.clock.wall()
        if len(request.body) < _HASH_IN_POOL:
            return verify(request, self._plane.credentials, now, service="sagemaker")
        check = partial(verify, request, self._plane.credentials, now, service="sagemaker")
        return await asyncio.get_running_loop().run_in_executor(None, check)
