"""What goes wrong in a function, in the shape and the words of AWS's runtime for Python."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Any

__all__ = ["Fault", "error_of", "log_text"]

_OWN = "/kennel/runtimes/function/"
_INDENT = "\u00a0"  # log viewers drop plain spaces at the beginning of a line


class Fault(Exception):
    """A failure that the runtime itself names (`Runtime.ImportModuleError`, …)."""

    def __init__(self, kind: str, message: str, trace: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = list(trace)


def error_of(error: BaseException, request_id: str = "") -> dict[str, Any]:
    """The error object that a caller gets: errorMessage, errorType, requestId, stackTrace.

    The stack begins in the user's code.
    """
    if isinstance(error, Fault):
        message, kind, stack = error.message, error.kind, error.trace
    else:
        message, kind = str(error), type(error).__name__
        stack = traceback.format_list(_frames(error.__traceback__))
    return {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": stack,
    }


def log_text(error: dict[str, Any]) -> str:
    """The error as lines for the function's log."""
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}"]
    lines.append("Traceback (most recent call last):")
    for entry in error["stackTrace"]:
        for line in entry.splitlines():
            text = line.lstrip(" ")
            lines.append(_INDENT * (len(line) - len(text)) + text)
    return "\n".join(lines) + "\n"


def _frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """Without our own, and without the columns, so that no markers come under the lines."""
    frames = [
        traceback.FrameSummary(frame.filename, frame.lineno, frame.name, line=frame.line)
        for frame in traceback.extract_tb(trace)
    ]
    start = next((i for i, frame in enumerate(frames) if _OWN not in frame.filename), 0)
    return frames[start:]
