from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.errors import ValidationException
from kennel.services.sagemaker.training.patterns import MetricPattern, MetricScanner


def scan(expression: str, line: str) -> list[float]:
    scanner = MetricScanner("job", (MetricPattern.read("m", expression),))
    return [value for _, value in scanner.scan(line)]


@pytest.mark.parametrize(
    ("expression", "line", "values"),
    [
        (r"Testing Loss: ([0-9\.]+)", "Testing Loss: 0.775725744013301, Acc", [0.775725744013301]),
        (r"loss=(.*?);", "loss=1e-3; loss=2;", [0.001, 2.0]),
        (r"loss=([^ ]+)", "loss=-7 loss=+7", [-7.0, 7.0]),
        (r"loss: ([0-9.]+)", "accuracy: 1", []),
        (r"loss: ([0-9.]+)", "loss: ...", []),
        (r"loss: (\w+)", "loss: nan loss: inf", []),
        (r"loss: \d+", "loss: 3", []),
        (r"(loss)|accuracy", "accuracy", []),
        (r"#quality_metric: host=\S+, train loss <loss>=(\S+)", "#quality_metric: x", []),
    ],
)
def test_the_first_groups_numbers_are_the_values(expression, line, values):
    assert scan(expression, line) == values


def test_a_pathological_regex_costs_a_bounded_time_and_is_given_up(caplog):
    slow = MetricPattern.read("slow", r"(a|a)*((a|aa)+)+$")
    quick = MetricPattern.read("quick", r"b=(\d)")
    scanner = MetricScanner("job", (slow, quick))
    line = "a" * 4000 + "b=1"
    found = [scanner.scan(line) for _ in range(5)]
    assert found == [[("quick", 1.0)]] * 5
    assert "metric slow takes too long and is given up" in caplog.text


@pytest.mark.parametrize("expression", ["(", "[a", "*", "(?P<x", r"\p{Nonsense}"])
def test_what_is_no_regular_expression_is_refused(expression):
    with pytest.raises(ValidationException, match="not a regular expression"):
        MetricPattern.read("m", expression)


@given(st.text(max_size=200))
def test_no_line_breaks_a_scanner(line):
    for value in scan(r"loss: ([0-9\.]+)", line):
        assert isinstance(value, float)
