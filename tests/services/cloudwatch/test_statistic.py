from __future__ import annotations

import pytest

from kennel.errors import NotImplementedByKennel
from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.errors import InvalidParameterValueException
from kennel.services.cloudwatch.statistic import statistic


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Sum", 5050), ("p50", 50), ("p99", 99), ("p99.5", 100), ("p0", 1), ("p100", 100)],
)
def test_statistics_go_by_aws_names(name: str, expected: float) -> None:
    aggregate = Aggregate()
    for value in range(1, 101):
        aggregate.add(value)
    assert statistic(name)(aggregate) == expected


@pytest.mark.parametrize("name", ["tm99", "TM(2%:98%)", "IQM", "wm98", "PR(:300)", "tc90"])
def test_a_statistic_that_is_not_done_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotImplementedByKennel, match="does not compute"):
        statistic(name)


@pytest.mark.parametrize("name", ["", "p", "p101", "p-1", "sum", "Median", "p99.12345678901"])
def test_no_statistic_of_aws_is_an_error(name: str) -> None:
    with pytest.raises(InvalidParameterValueException):
        statistic(name)
