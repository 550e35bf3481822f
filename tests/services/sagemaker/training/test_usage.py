from __future__ import annotations

import pytest

from kennel.engine import Usage
from kennel.services.sagemaker.training.usage import percentages

GIB = 1 << 30


def test_each_busy_core_counts_a_hundred():
    before, after = (100.0, Usage(4.0, GIB, GIB)), (110.0, Usage(24.0, 2 * GIB, 3 * GIB))
    assert percentages(before, after, 8 * GIB) == {
        "CPUUtilization": pytest.approx(200.0),
        "MemoryUtilization": pytest.approx(25.0),
    }


def test_a_clock_that_stands_still_or_goes_back_does_no_harm():
    usage = Usage(4.0, 0, 0)
    for seconds in (0.0, -5.0):
        assert percentages((100.0, usage), (100.0 + seconds, usage), GIB)["CPUUtilization"] == 0.0
