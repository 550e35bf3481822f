"""What ended a wait for a runtime, and what the caller and the log are told of it."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from kennel.engine import Exit
from kennel.services.lambda_.environments.report import (
    exit_error,
    oversized_error,
    timeout_error,
)

__all__ = ["Event", "Kind", "Verdict", "verdict"]


class Kind(Enum):
    """What can happen while one waits for a runtime."""

    READY = auto()
    RESULT = auto()
    ERROR = auto()
    TOO_LONG = auto()
    INIT_ERROR = auto()
    ENDED = auto()
    TIMED_OUT = auto()

    @property
    def ends_process(self) -> bool:
        """Whether the process is gone, or must go."""
        return self in (Kind.INIT_ERROR, Kind.ENDED, Kind.TIMED_OUT)


class Event(NamedTuple):
    """`body` is the result or the error object; `error_type` comes with errors, `size` is how long
    a result was that is too long."""

    kind: Kind
    body: bytes = b""
    error_type: str = ""
    size: int = 0


class Verdict(NamedTuple):
    """`payload` and `function_error` are for the caller; `line` (empty, or whole lines), `status`
    and `error_type` for the log."""

    payload: bytes
    function_error: str = ""
    line: str = ""
    status: str = ""
    error_type: str = ""


def verdict(event: Event, request_id: str, timeout: int, ended: Exit | None) -> Verdict:
    """What an invocation has come to. `ended` is the process's end if it has one by now."""
    match event.kind:
        case Kind.RESULT:
            return Verdict(event.body)
        case Kind.ERROR:
            return Verdict(event.body, "Unhandled")  # the report names only what the platform saw
        case Kind.TOO_LONG:
            payload, kind = oversized_error()
            return Verdict(payload, "Unhandled", "", "error", kind)
        case Kind.INIT_ERROR:
            return Verdict(event.body, "Unhandled", "", "error", event.error_type)
        case Kind.TIMED_OUT:
            payload, line = timeout_error(request_id, timeout)
            return Verdict(payload, "Unhandled", line, "timeout")
        case Kind.ENDED:
            assert ended is not None
            kind, payload, line = exit_error(request_id, ended)
            return Verdict(payload, "Unhandled", line, "error", kind)
        case Kind.READY:
            raise AssertionError("a runtime that is ready has answered nothing")
