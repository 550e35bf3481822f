"""The platform's own lines in a function's log, and its words for how a process ended.

The forms are those of AWS's text logs ("Log Lambda function activity").
"""

from __future__ import annotations

import json
import math
import signal
import time
from dataclasses import dataclass

from kennel.engine import Exit

__all__ = [
    "RESPONSE_LIMIT",
    "Report",
    "end_line",
    "exit_error",
    "init_report",
    "oversized_error",
    "start_line",
    "timeout_error",
]

RESPONSE_LIMIT = 6_291_556
"""Bytes of a result ("Lambda quotas": 6 MB, and AWS's own margin)."""

_SIGNALS = {
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGILL: "illegal instruction",
    signal.SIGINT: "interrupt",
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGTERM: "terminated",
}


def start_line(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end_line(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


@dataclass(frozen=True, slots=True)
class Report:
    """What the REPORT line says. Seconds; MiB for `memory`, bytes for `used`. `init` is None but
    for an environment's first invocation; `status` is empty, "timeout" or "error"."""

    request_id: str
    duration: float
    memory: int
    used: int
    init: float | None = None
    status: str = ""
    error_type: str = ""

    @property
    def billed(self) -> int:
        """Milliseconds; initialization is billed too."""
        return math.ceil((self.duration + (self.init or 0.0)) * 1000)

    def line(self) -> str:
        parts = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {self.duration * 1000:.2f} ms",
            f"Billed Duration: {self.billed} ms",
            f"Memory Size: {self.memory} MB",
            f"Max Memory Used: {min(math.ceil(self.used / 2**20), self.memory)} MB",
        ]
        if self.init is not None:
            parts.append(f"Init Duration: {self.init * 1000:.2f} ms")
        if self.status:
            parts.append(f"Status: {self.status}")
        if self.error_type:
            parts.append(f"Error Type: {self.error_type}")
        return "\t".join(parts) + "\t\n"


def init_report(seconds: float, status: str, error_type: str = "") -> str:
    """The line about an initialization that did not succeed."""
    kind = f"\tError Type: {error_type}" if error_type else ""
    return (
        f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: init\tStatus: {status}{kind}\n"
    )


def exit_error(request_id: str, ended: Exit) -> tuple[str, bytes, str]:
    """Error type, the caller's error object, and the log's line, for a process that ended."""
    if ended.out_of_memory:
        kind, how = "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"
    elif ended.signal is not None:
        kind, how = (
            "Runtime.ExitError",
            f"Runtime exited with error: signal: {_named(ended.signal)}",
        )
    elif ended.code:
        kind, how = "Runtime.ExitError", f"Runtime exited with error: exit status {ended.code}"
    else:
        kind, how = "Runtime.ExitError", "Runtime exited without providing a reason"
    message = f"RequestId: {request_id} Error: {how}"
    return kind, _error(kind, message), f"{message}\n{kind}\n"


def timeout_error(request_id: str, seconds: int) -> tuple[bytes, str]:
    """The caller's error object and the log's line for an invocation that took too long."""
    what = f"Task timed out after {seconds:.2f} seconds"
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    line = f"{stamp}.{int(now % 1 * 1000):03d}Z {request_id} {what}\n"
    return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: {what}"), line


def oversized_error() -> tuple[bytes, str]:
    """The caller's error object and the error type for a result above the limit."""
    kind = "Function.ResponseSizeTooLarge"
    text = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
    return _error(kind, text), kind


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _named(number: int) -> str:
    try:
        return _SIGNALS.get(signal.Signals(number)) or f"{number}"
    except ValueError:
        return f"{number}"
