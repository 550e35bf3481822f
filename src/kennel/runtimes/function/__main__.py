"""`python -u -P -m kennel.runtimes.function`; see the package's docstring."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from kennel.runtimes.function.api import ApiGone, Invocation, RuntimeApi
from kennel.runtimes.function.context import LambdaContext
from kennel.runtimes.function.fault import Fault, error_of, log_text
from kennel.runtimes.function.handler import load_handler
from kennel.runtimes.function.log_format import install
from kennel.runtimes.function.payload import decode_event, encode_result


def main() -> int:
    """Serves invocations until nobody hands any out; returns the exit code."""
    log = install()
    try:
        # The token is none of the variables that a handler finds on AWS.
        token = os.environ.pop("KENNEL_RUNTIME_TOKEN")
        api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"], token)
        # After our own imports, so that no file of the user's can stand for one of them.
        sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
        try:
            handler = load_handler(os.environ["_HANDLER"])
        except Exception as error:  # the boundary to the user's code
            described = error_of(error)
            sys.stdout.write(log_text(described))
            api.fail_init(_json(described), described["errorType"])
            return 1
        while True:
            invocation = api.next()
            log.request_id = invocation.request_id
            _serve(api, handler, invocation)
    except ApiGone:
        return 1


def _serve(api: RuntimeApi, handler: Any, invocation: Invocation) -> None:
    request_id = invocation.request_id
    if invocation.trace_id:
        os.environ["_X_AMZN_TRACE_ID"] = invocation.trace_id
    try:
        result = handler(decode_event(invocation.payload), _context(invocation))
        body, content_type = encode_result(result)
    except Exception as error:  # the boundary to the user's code
        described = error_of(error, request_id)
        sys.stdout.write(log_text(described))
        api.fail(request_id, _json(described), described["errorType"])
    else:
        api.respond(request_id, body, content_type)


def _context(invocation: Invocation) -> LambdaContext:
    return LambdaContext(
        invocation.request_id,
        invocation.deadline_ms,
        invocation.function_arn,
        _parsed(invocation.client_context, "Client Context"),
        _parsed(invocation.identity, "Cognito Identity"),
    )


def _parsed(text: str, name: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        parsed: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise Fault(
            "Runtime.LambdaContextUnmarshalError", f"Unable to parse {name} JSON: {error}"
        ) from error
    return parsed


def _json(error: dict[str, Any]) -> bytes:
    return json.dumps(error).encode()


if __name__ == "__main__":
    sys.exit(main())
