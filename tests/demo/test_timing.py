from __future__ import annotations

import pytest

from kennel.demo.timing import read_timing

COLD = (
    "START RequestId: 8f5 Version: $LATEST\n"
    'TIMING {"endpoint_ms": 61.5, "model_micros": "40250"}\n'
    "END RequestId: 8f5\n"
    "REPORT RequestId: 8f5\tDuration: 70.25 ms\tBilled Duration: 71 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 66 MB\tInit Duration: 308.50 ms\t\n"
)


def test_the_report_line_and_the_handlers_own_are_read():
    timing = read_timing(400.0, COLD)
    assert (timing.duration_ms, timing.billed_ms, timing.init_ms) == (70.25, 71, 308.5)
    assert (timing.endpoint_ms, timing.model_ms, timing.memory_mb) == (61.5, 40.25, 66)


def test_each_millisecond_is_somewhere_and_nowhere_twice():
    timing = read_timing(400.0, COLD)
    rows = {name: ms for name, ms, _ in timing.rows()}
    assert rows == pytest.approx(
        {"Lambda": 21.25, "init": 308.5, "function": 8.75, "endpoint": 21.25, "model": 40.25}
    )
    assert sum(rows.values()) == pytest.approx(timing.client_ms)


def test_a_warm_call_has_no_init():
    warm = read_timing(80.0, COLD.replace("\tInit Duration: 308.50 ms", ""))
    assert warm.init_ms is None
    assert "init" not in {name for name, *_ in warm.rows()}


def test_what_a_log_does_not_say_is_not_known():
    timing = read_timing(80.0, "")
    assert (timing.duration_ms, timing.endpoint_ms, timing.model_ms) == (None, None, None)
    assert read_timing(80.0, 'TIMING {"endpoint_ms": 9, "model_micros": null}').model_ms is None
