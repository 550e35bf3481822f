"""Reserved and provisioned concurrency by boto3 against a real plane, with real environments."""

from __future__ import annotations

import datetime
import time
from collections import Counter

from tests.integration.provisioned import Napping
from tests.planes import Plane


def metric(plane: Plane, name: str, statistic: str, dimensions: dict[str, str]) -> float | None:
    """The statistic over the last hour and the next, or None if nothing was published."""
    now = datetime.datetime.now(datetime.UTC)
    points = plane.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - datetime.timedelta(hours=1),
        EndTime=now + datetime.timedelta(hours=1),
        Period=7200,
        Statistics=[statistic],
    )["Datapoints"]
    values = [point[statistic] for point in points]
    if not values:
        return None
    return float(sum(values) if statistic == "Sum" else max(values))


def test_of_ten_calls_at_a_reservation_of_three_two_find_environments_ready_and_seven_are_throttled(
    plane: Plane,
) -> None:
    function = Napping(plane, "ten-calls")
    function.reserve(3)
    standing = function.provision(2)
    assert standing["Status"] == "READY"
    began = time.time()
    answers = function.together(10, seconds=2.0)

    served = [answer for answer in answers if "error" not in answer]
    throttled = [answer["error"] for answer in answers if "error" in answer]
    assert Counter(answer["type"] for answer in served) == {
        "provisioned-concurrency": 2,
        "on-demand": 1,
    }
    assert len({answer["pid"] for answer in served}) == 3
    for answer in served:
        # Whoever met a provisioned environment waited for no initialization: it was over before.
        assert (answer["started"] < began) == (answer["type"] == "provisioned-concurrency")
    assert len(throttled) == 7
    for error in throttled:
        assert error["Error"]["Code"] == "TooManyRequestsException"
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert error["ResponseMetadata"]["HTTPHeaders"]["retry-after"]
        assert error["Type"] == "User"
        assert error["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"

    by_name = {"FunctionName": "ten-calls"}
    by_alias = by_name | {"Resource": "ten-calls:live"}
    for dimensions in (by_name, by_alias):
        assert metric(plane, "Throttles", "Sum", dimensions) == 7
        assert metric(plane, "Invocations", "Sum", dimensions) == 3
        assert metric(plane, "ConcurrentExecutions", "Maximum", dimensions) == 3
        assert metric(plane, "ProvisionedConcurrencyInvocations", "Sum", dimensions) == 2
        assert metric(plane, "ProvisionedConcurrencySpilloverInvocations", "Sum", dimensions) == 1
    assert metric(plane, "ProvisionedConcurrentExecutions", "Maximum", by_alias) == 2
    assert metric(plane, "ProvisionedConcurrencyUtilization", "Maximum", by_alias) == 1
    claimed = metric(plane, "ClaimedAccountConcurrency", "Maximum", {})
    assert claimed is not None
    assert claimed >= 3
