"""The short way of Lambda's Invoke."""

from __future__ import annotations

import re
from typing import ClassVar

from kennel.errors import AwsError
from kennel.gateway.plane import Plane
from kennel.gateway.short_way import ShortWay
from kennel.services import Context
from kennel.services.lambda_ import (
    PAYLOAD_LIMIT,
    Invocation,
    Lambda,
    Reply,
    function_arn,
    parse_name,
    payload_too_large,
)
from kennel.wire import HttpRequest, HttpResponse

__all__ = ["FunctionInvocations"]


class FunctionInvocations(ShortWay):
    """`POST /2015-03-31/functions/NAME/invocations`."""

    service: ClassVar[str] = Lambda.name
    path: ClassVar[re.Pattern[str]] = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
    limit: ClassVar[int] = PAYLOAD_LIMIT

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._functions = plane.functions

    async def invoke(self, name: str, request: HttpRequest, context: Context) -> HttpResponse:
        headers = request.headers
        qualifier = request.query_values.get("Qualifier", "") if request.query else ""
        named = parse_name(context, name, qualifier)
        parameters = {"FunctionName": named.name, "Qualifier": named.qualifier}
        context.dispatcher.authorize(context, self.service, "Invoke", parameters)
        invocation = Invocation(
            named,
            context.request_id,
            request.body,
            _kind(request),
            headers.get("x-amz-log-type", "None"),
            headers.get("x-amz-client-context", ""),
            headers.get("x-amzn-trace-id", ""),
        )
        arn = function_arn(context, named.name)
        return _response(await self._functions.invoker.invoke(invocation, arn))

    def too_large(self, request: HttpRequest) -> AwsError:
        size = int(request.headers.get("content-length") or PAYLOAD_LIMIT + 1)
        return payload_too_large(_kind(request), size)


def _kind(request: HttpRequest) -> str:
    return request.headers.get("x-amz-invocation-type", "RequestResponse")


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
