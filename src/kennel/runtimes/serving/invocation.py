"""From a request to its reply: routes, the handlers' call, errors as the toolkit gives them."""

from __future__ import annotations

import json
import sys
import time
import traceback
from typing import Any

from kennel.runtimes.serving.codecs import TEXT_TYPES
from kennel.runtimes.serving.handlers import Handlers
from kennel.runtimes.serving.http import Head, Response

__all__ = ["Responder"]

_MICROS = "X-Kennel-Model-Micros"
_ANY = "*/*"
# Headers that say how the reply is sent, not what it is.
_OURS = frozenset({"connection", "content-length", "transfer-encoding"})


class Responder:
    """Answers requests with the handlers.

    Every answer of a handler, an error too, has X-Kennel-Model-Micros: the microseconds of wall
    time that were spent in the user's code.
    """

    def __init__(self, handlers: Handlers, default_accept: str) -> None:
        self._handlers = handlers
        self._default_accept = default_accept

    def answer(self, head: Head, body: bytearray) -> Response:
        if head.path == "/invocations":
            if head.method == "POST":
                return self._invoke(head, body)
            return Response(405, b"POST to /invocations.\n")
        if head.path == "/ping":
            return Response(200, b'{"status": "Healthy"}\n', "application/json")
        return Response(404, b"There is only /ping and /invocations.\n")

    def _invoke(self, head: Head, body: bytearray) -> Response:
        headers = head.headers
        content_type = headers.get("content-type")
        accept = headers.get("accept")
        if not accept or accept == _ANY:
            accept = self._default_accept
        context = self._handlers.context
        if context is not None:
            context.begin(headers)
        started = time.perf_counter_ns()
        try:
            data = body.decode("utf-8") if content_type in TEXT_TYPES else body
            result = self._handlers.transform(data, content_type, accept)
            micros = (time.perf_counter_ns() - started) // 1000
            response = _response(result, accept)
        except Exception as error:  # the request's boundary: the caller and the log get it
            micros = (time.perf_counter_ns() - started) // 1000
            response = _error_response(error)
        extra = {_MICROS: str(micros)}
        if context is not None and response.status == 200:
            processor = context.request_processor[0]
            response.status = processor.get_response_status_code()
            for name, value in processor.get_response_headers().items():
                if name.lower() == "content-type":
                    response.content_type = value
                elif name.lower() not in _OURS:
                    extra[name] = str(value)
        response.headers = extra
        return response


def _response(result: Any, accept: str) -> Response:
    """What output_fn or transform_fn returned, as TorchServe sends it."""
    content_type = accept
    if isinstance(result, tuple):
        result, content_type = result[0], str(result[1])
    if isinstance(result, str):
        return Response(200, result.encode(), content_type)
    if isinstance(result, bytes | bytearray):
        return Response(200, result, content_type)
    if isinstance(result, memoryview):
        return Response(200, bytes(result), content_type)
    return Response(200, json.dumps(result, indent=2).encode(), content_type)


def _error_response(error: Exception) -> Response:
    """The message and the traceback; 500 unless the error says otherwise, as the toolkit's
    BaseInferenceToolkitError does."""
    trace = traceback.format_exc()
    print(trace, file=sys.stderr, flush=True)
    status, message = 500, str(error) or "Invalid Request"
    if any(kind.__name__ == "BaseInferenceToolkitError" for kind in type(error).__mro__):
        status = int(getattr(error, "status_code", status))
        message = str(getattr(error, "message", message))
    return Response(status, f"{message}\n{trace}".encode("utf-8", "replace"))
