from __future__ import annotations

import json

import pytest

from kennel.engine import Exit
from kennel.services.lambda_.environments.report import Report, exit_error, timeout_error


def test_a_report_line_is_awss() -> None:
    report = Report("r-1", 0.0123456, 128, 40 << 20, init=0.25)
    assert report.line() == (
        "REPORT RequestId: r-1\tDuration: 12.35 ms\tBilled Duration: 263 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 250.00 ms\t\n"
    )


def test_a_report_of_a_failure_says_so() -> None:
    report = Report("r-1", 3.0, 128, 500 << 20, status="error", error_type="Runtime.OutOfMemory")
    assert report.line() == (
        "REPORT RequestId: r-1\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\t"
        "Error Type: Runtime.OutOfMemory\t\n"
    )


@pytest.mark.parametrize(
    ("ended", "kind", "how"),
    [
        (Exit(code=1), "Runtime.ExitError", "with error: exit status 1"),
        (Exit(code=0), "Runtime.ExitError", "without providing a reason"),
        (Exit(code=139, signal=11), "Runtime.ExitError", "with error: signal: segmentation fault"),
        (Exit(code=137, signal=9), "Runtime.ExitError", "with error: signal: killed"),
        (
            Exit(code=137, signal=9, out_of_memory=True),
            "Runtime.OutOfMemory",
            "with error: signal: killed",
        ),
        (Exit(code=160, signal=32), "Runtime.ExitError", "with error: signal: 32"),
    ],
)
def test_an_end_is_told_in_awss_words(ended: Exit, kind: str, how: str) -> None:
    error_type, payload, line = exit_error("r-1", ended)
    message = f"RequestId: r-1 Error: Runtime exited {how}"
    assert error_type == kind
    assert json.loads(payload) == {"errorType": kind, "errorMessage": message}
    assert line == f"{message}\n{kind}\n"


def test_a_timeout_names_the_limit() -> None:
    payload, line = timeout_error("r-1", 3)
    assert json.loads(payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r-1 Error: Task timed out after 3.00 seconds",
    }
    assert line.endswith("Z r-1 Task timed out after 3.00 seconds\n")
