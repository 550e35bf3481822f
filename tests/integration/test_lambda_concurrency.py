"""Reserved and provisioned concurrency by boto3 against a real plane, with real environments."""

from __future__ import annotations

import json
import time
from collections import Counter

from tests.conftest import PlaneFactory
from tests.integration.provisioned import Napping, metric
from tests.integration.refusals import refused
from tests.planes import Plane, wait_until


def test_of_ten_calls_at_a_reservation_of_three_two_find_environments_ready_and_seven_are_throttled(
    plane: Plane,
) -> None:
    function = Napping(plane, "ten-calls")
    function.reserve(3)
    standing = function.provision(2)
    assert standing["Status"] == "READY"
    began = time.time()
    answers = function.together(10, seconds=3.0)

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


def test_a_reservation_is_shown_and_taken_from_what_others_may_have(plane: Plane) -> None:
    function = Napping(plane, "reserving")
    client = function.client

    def unreserved() -> int:
        limits: dict[str, int] = client.get_account_settings()["AccountLimit"]
        assert limits["ConcurrentExecutions"] == 1000
        return limits["UnreservedConcurrentExecutions"]

    before = unreserved()
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(
        FunctionName="reserving"
    )
    assert "Concurrency" not in client.get_function(FunctionName="reserving")
    function.reserve(40)
    shown = {"ReservedConcurrentExecutions": 40}
    assert client.get_function(FunctionName="reserving")["Concurrency"] == shown
    found = client.get_function_concurrency(FunctionName="reserving")
    assert found["ReservedConcurrentExecutions"] == 40
    assert unreserved() == before - 40
    client.delete_function_concurrency(FunctionName="reserving")
    assert unreserved() == before
    function.reserve(40)
    client.delete_function(FunctionName="reserving")
    assert unreserved() == before


def test_a_hundred_of_the_accounts_limit_stay_unreserved(plane: Plane) -> None:
    function = Napping(plane, "greedy")
    code, message = refused(lambda: function.reserve(901))
    assert code == "InvalidParameterValueException"
    assert message == (
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100]."
    )
    code, message = refused(lambda: function.provision(901))
    assert code == "InvalidParameterValueException"
    assert message == (
        "Specified ConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100]."
    )


def test_a_reservation_is_of_a_function_that_is_there_and_not_of_a_version(plane: Plane) -> None:
    function = Napping(plane, "unversioned")
    client = function.client
    for call in (client.get_function_concurrency, client.delete_function_concurrency):
        assert refused(lambda call=call: call(FunctionName="nobody"))[0] == (
            "ResourceNotFoundException"
        )
    code, _ = refused(
        lambda: client.put_function_concurrency(
            FunctionName="unversioned:1", ReservedConcurrentExecutions=1
        )
    )
    assert code == "InvalidParameterValueException"


def test_a_reservation_of_nothing_stops_a_function_until_it_is_taken_away(plane: Plane) -> None:
    function = Napping(plane, "stopped")
    function.reserve(0)
    for qualifier in ("live", "1", "$LATEST"):
        error = function.call(qualifier=qualifier)["error"]
        assert error["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    function.client.delete_function_concurrency(FunctionName="stopped")
    assert function.call()["type"] == "on-demand"


def test_a_stopped_functions_events_are_dropped_and_counted(plane: Plane) -> None:
    function = Napping(plane, "dropping")
    function.reserve(0)
    event = {"FunctionName": "dropping", "InvocationType": "Event", "Payload": b"{}"}
    assert function.client.invoke(**event)["StatusCode"] == 202
    by_name = {"FunctionName": "dropping"}
    wait_until(lambda: metric(plane, "AsyncEventsDropped", "Sum", by_name) == 1)
    assert metric(plane, "AsyncEventsReceived", "Sum", by_name) == 1
    assert metric(plane, "Invocations", "Sum", by_name) is None


def test_events_that_are_throttled_wait_and_are_tried_again(plane_factory: PlaneFactory) -> None:
    plane = plane_factory("--time-scale", "60")
    function = Napping(plane, "queueing")
    function.reserve(1)
    for _ in range(4):
        payload = json.dumps({"seconds": 0.2}).encode()
        function.client.invoke(FunctionName="queueing", InvocationType="Event", Payload=payload)
    by_name = {"FunctionName": "queueing"}
    wait_until(lambda: metric(plane, "Invocations", "Sum", by_name) == 4)
    assert metric(plane, "ConcurrentExecutions", "Maximum", by_name) == 1
    throttles = metric(plane, "Throttles", "Sum", by_name)
    assert throttles is not None
    assert throttles >= 1
