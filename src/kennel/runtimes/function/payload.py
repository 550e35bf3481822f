"""Events and results between bytes and Python."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from kennel.runtimes.function.fault import Fault

__all__ = ["decode_event", "encode_result"]


def decode_event(payload: bytes) -> Any:
    """The event for the handler. Raises Fault."""
    try:
        return json.loads(payload)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


def encode_result(result: Any) -> tuple[bytes, str]:
    """A handler's result as bytes, and their content type. Bytes pass as they are. Raises Fault."""
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        text = json.dumps(result, default=_number, ensure_ascii=False)
    except Exception as error:  # whatever the user's objects raise, the caller must hear of it
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
    return text.encode("utf-8", "surrogatepass"), "application/json"


def _number(value: Any) -> Any:
    """A Decimal as the number that it is, up to the precision of a double."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
