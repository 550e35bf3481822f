"""What a reply means, in AWS's own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["OK", "Outcome", "outcome_of"]

OK = "ok"
_THROTTLES = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"}
)
_MESSAGE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code` is ok, AWS's error code, or what befell the connection. `who` is the production
    variant or the function's version that answered, `model` the seconds inside the model, where
    the reply tells."""

    code: str
    message: str = ""
    who: str = ""
    model: float | None = None

    @property
    def is_ok(self) -> bool:
        return self.code == OK

    @property
    def is_throttle(self) -> bool:
        return self.code in _THROTTLES


def outcome_of(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    """`headers` by names in lower case. A function that fails is an error too, with status 200."""
    who = headers.get("x-amzn-invoked-production-variant") or headers.get(
        "x-amz-executed-version", ""
    )
    micros = headers.get("x-kennel-model-micros", "")
    model = int(micros) / 1e6 if micros.isdecimal() else None
    function_error = headers.get("x-amz-function-error")
    if status < 300 and not function_error:
        return Outcome(OK, who=who, model=model)
    content = _json(body)
    if function_error:
        kind = content.get("errorType") or function_error
        return Outcome(f"FunctionError {kind}", _message(content, "errorMessage"), who, model)
    code = headers.get("x-amzn-errortype", "").partition(":")[0]
    if not code:
        named = content.get("__type") or content.get("Code") or content.get("code") or ""
        code = str(named).rpartition("#")[2]
    message = _message(content, "message", "Message")
    if reason := content.get("Reason"):
        message = f"{message} ({reason})"
    return Outcome(code or f"HTTP {status}", message, who, model)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _message(content: Mapping[str, Any], *names: str) -> str:
    for name in names:
        if isinstance(content.get(name), str):
            return str(content[name])[:_MESSAGE_LENGTH]
    return ""
