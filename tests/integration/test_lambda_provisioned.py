"""Provisioned concurrency by boto3 against a real plane: its environments and its errors."""

from __future__ import annotations

import concurrent.futures
import signal
import time
from typing import Any

import pytest

from tests.conftest import PlaneFactory
from tests.inside import kill, lives
from tests.integration.provisioned import NAP, Napping, metric, ready
from tests.integration.refusals import refused
from tests.planes import Plane, wait_until

PROVISIONED = "provisioned-concurrency"


@pytest.fixture(scope="module")
def function(plane: Plane) -> Napping:
    """A function that nothing is provisioned for, with the versions 1 and 2 and some aliases."""
    made = Napping(plane, "provisions")
    made.change(Timeout=31)
    made.publish("second")
    made.client.create_alias(FunctionName=made.name, Name="newest", FunctionVersion="$LATEST")
    made.client.create_alias(
        FunctionName=made.name,
        Name="both",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    return made


def put(function: Napping, qualifier: str, count: int = 1) -> dict[str, Any]:
    answer: dict[str, Any] = function.client.put_provisioned_concurrency_config(
        FunctionName=function.name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )
    return answer


def got(function: Napping, qualifier: str) -> dict[str, Any]:
    answer: dict[str, Any] = function.client.get_provisioned_concurrency_config(
        FunctionName=function.name, Qualifier=qualifier
    )
    return answer


def remove(function: Napping, qualifier: str) -> None:
    function.client.delete_provisioned_concurrency_config(
        FunctionName=function.name, Qualifier=qualifier
    )


@pytest.mark.parametrize("qualifier", ["$LATEST", "newest"])
def test_nothing_is_provisioned_for_what_is_not_published(
    function: Napping, qualifier: str
) -> None:
    assert refused(lambda: put(function, qualifier)) == (
        "InvalidParameterValueException",
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
    )


@pytest.mark.parametrize(
    ("qualifier", "what"), [("9", "Function not found"), ("no", "Cannot find")]
)
def test_a_qualifier_that_is_not_there_has_no_provisioned_concurrency(
    function: Napping, qualifier: str, what: str
) -> None:
    for call in (put, got, remove):
        code, message = refused(lambda call=call: call(function, qualifier))
        assert code == "ResourceNotFoundException"
        assert message.startswith(what)


def test_what_is_not_provisioned_is_not_found_and_its_deletion_is_no_error(
    function: Napping,
) -> None:
    assert refused(lambda: got(function, "second")) == (
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
    )
    remove(function, "second")


def test_an_alias_of_two_versions_takes_no_configuration(function: Napping) -> None:
    assert refused(lambda: put(function, "both")) == (
        "InvalidParameterValueException",
        "Invalid alias configuration for Provisioned Concurrency",
    )


def test_a_version_and_its_alias_do_not_both_have_a_configuration(function: Napping) -> None:
    put(function, "second")
    assert refused(lambda: put(function, "2"))[0] == "ResourceConflictException"
    remove(function, "second")
    put(function, "2")
    assert refused(lambda: put(function, "second"))[0] == "ResourceConflictException"
    put(function, "live")
    move = {"FunctionName": function.name, "Name": "live", "FunctionVersion": "2"}
    assert refused(lambda: function.client.update_alias(**move))[0] == "ResourceConflictException"
    listed = function.client.list_provisioned_concurrency_configs(FunctionName=function.name)
    arns = [one["FunctionArn"] for one in listed["ProvisionedConcurrencyConfigs"]]
    assert [arn.rpartition(":")[2] for arn in arns] == ["2", "live"]
    remove(function, "2")
    remove(function, "live")


def test_no_more_is_provisioned_than_is_reserved_and_no_less_is_reserved_than_is_provisioned(
    plane: Plane,
) -> None:
    function = Napping(plane, "bounded")
    function.reserve(2)
    assert refused(lambda: put(function, "live", 3)) == (
        "InvalidParameterValueException",
        "Requested Provisioned Concurrency should not be greater than the "
        "reservedConcurrentExecution for function",
    )
    answer = put(function, "live", 2)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["RequestedProvisionedConcurrentExecutions"] == 2
    assert answer["AvailableProvisionedConcurrentExecutions"] == 0
    assert answer["Status"] == "IN_PROGRESS"
    assert refused(lambda: function.reserve(1))[0] == "InvalidParameterValueException"
    found = ready(function.functions, "bounded", "live")
    assert found["Status"] == "READY"
    assert found["AllocatedProvisionedConcurrentExecutions"] == 2
    assert found["AvailableProvisionedConcurrentExecutions"] == 2
    # All that is reserved is provisioned: other versions get nothing.
    error = function.call(qualifier="$LATEST")["error"]
    assert error["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert function.call()["type"] == PROVISIONED


def test_calls_beyond_what_is_provisioned_run_on_demand(plane: Plane) -> None:
    function = Napping(plane, "spilling")
    function.provision(1)
    kinds = sorted(answer["type"] for answer in function.together(3, seconds=1.0))
    assert kinds == ["on-demand", "on-demand", PROVISIONED]


def test_ten_requests_a_second_and_environment_spill_over_though_it_is_free(plane: Plane) -> None:
    function = Napping(plane, "rushing")
    function.provision(1)
    function.call(qualifier="1")  # the spill-over's environment, by a version without its own
    began = time.monotonic()
    kinds = [function.call()["type"] for _ in range(40)]
    allowed = 10 + 10 * (time.monotonic() - began)
    assert 10 <= kinds.count(PROVISIONED) <= allowed + 1


def test_environments_whose_initialization_fails_leave_the_configuration_failed(
    plane: Plane,
) -> None:
    function = Napping(plane, "hopeless", "raise RuntimeError('not today')")
    found = function.provision(2)
    assert found["Status"] == "FAILED"
    assert found["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
    assert found["AvailableProvisionedConcurrentExecutions"] == 0
    assert function.call()["errorType"] == "RuntimeError"


def test_a_crashed_environment_is_replaced_by_one_that_is_ready(plane: Plane) -> None:
    function = Napping(plane, "crashing")
    function.provision(1)
    first = function.call()
    assert function.call(crash=True)["errorType"] == "Runtime.ExitError"
    second = wait_for_another(function, first["pid"])
    kill(second["pid"], signal.SIGKILL)  # while nobody uses it
    wait_for_another(function, second["pid"])


def wait_for_another(function: Napping, pid: str) -> dict[str, Any]:
    """The answer of a provisioned environment that is ready in another process than before."""
    wait_until(lambda: not lives(pid))
    wait_until(lambda: got(function, "live")["AvailableProvisionedConcurrentExecutions"] == 1)
    began = time.time()
    answer = function.call()
    assert answer["pid"] != pid
    assert answer["type"] == PROVISIONED
    assert answer["started"] < began
    return answer


def test_a_moved_aliass_environments_are_made_again_of_its_new_version(plane: Plane) -> None:
    function = Napping(plane, "relocated")
    function.provision(4)  # two for each version in the end, with twenty requests a second
    former = function.call()
    function.change(Code=NAP.replace('"pid"', '"version": 2, "pid"'))
    version = function.publish()
    function.client.update_alias(FunctionName="relocated", Name="live", FunctionVersion=version)
    assert ready(function.functions, "relocated", "live")["Status"] == "READY"
    answer = function.call()
    assert (answer["version"], answer["type"]) == (2, PROVISIONED)
    wait_until(lambda: not lives(former["pid"]))
    # A share for another version has its share of the environments.
    function.client.update_alias(
        FunctionName="relocated",
        Name="live",
        RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}},
    )
    ready(function.functions, "relocated", "live")
    kinds = {(one.get("version", 1), one["type"]) for one in (function.call() for _ in range(15))}
    assert kinds == {(1, PROVISIONED), (2, PROVISIONED)}


def test_a_configuration_goes_with_its_alias_its_version_and_its_function(plane: Plane) -> None:
    function = Napping(plane, "vanishing")
    function.publish("other")
    function.provision(1)
    pid = function.call()["pid"]
    function.client.delete_alias(FunctionName="vanishing", Name="live")
    wait_until(lambda: not lives(pid))
    listed = function.client.list_provisioned_concurrency_configs(FunctionName="vanishing")
    assert listed["ProvisionedConcurrencyConfigs"] == []
    function.provision(1, "other")
    pid = function.call(qualifier="other")["pid"]
    function.client.delete_function(FunctionName="vanishing")
    wait_until(lambda: not lives(pid))
    again = Napping(plane, "vanishing")
    listed = again.client.list_provisioned_concurrency_configs(FunctionName="vanishing")
    assert listed["ProvisionedConcurrencyConfigs"] == []


def test_a_deleted_functions_code_stays_until_its_provisioned_environments_have_answered(
    plane: Plane,
) -> None:
    function = Napping(
        plane, "leaving", NAP.replace("return {", "open(__file__).close()\n    return {")
    )
    function.provision(1)
    by_name = {"FunctionName": "leaving"}
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(function.call, 1.5)
        wait_until(lambda: metric(plane, "ConcurrentExecutions", "Maximum", by_name))
        function.client.delete_function(FunctionName="leaving")
        assert answer.result()["type"] == PROVISIONED


def test_provisioned_environments_stay_while_idle_ones_on_demand_go(
    plane_factory: PlaneFactory,
) -> None:
    function = Napping(plane_factory("--time-scale", "600"), "idling")
    function.provision(1)
    provisioned = function.call()["pid"]
    on_demand = function.call(qualifier="1")["pid"]
    wait_until(lambda: not lives(on_demand))
    assert function.call()["pid"] == provisioned


def test_unused_environments_have_no_utilization(plane: Plane) -> None:
    function = Napping(plane, "unused")
    function.provision(1)
    found = plane.client("cloudwatch").list_metrics(
        Namespace="AWS/Lambda", Dimensions=[{"Name": "FunctionName", "Value": "unused"}]
    )["Metrics"]
    assert found == []


def test_a_killed_planes_configurations_stand_and_their_environments_are_made_again(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    function = Napping(plane, "lasting")
    function.reserve(3)
    function.provision(2)
    former = {answer["pid"] for answer in function.together(2, seconds=0.5)}
    plane.kill()
    plane.start()
    assert got(function, "live")["RequestedProvisionedConcurrentExecutions"] == 2
    found = ready(function.functions, "lasting", "live")
    assert found["AvailableProvisionedConcurrentExecutions"] == 2
    began = time.time()
    answers = function.together(2, seconds=0.5)
    assert {answer["type"] for answer in answers} == {PROVISIONED}
    assert former.isdisjoint(answer["pid"] for answer in answers)
    assert all(answer["started"] < began for answer in answers)
    assert not any(lives(pid) for pid in former)
    shown = function.client.get_function_concurrency(FunctionName="lasting")
    assert shown["ReservedConcurrentExecutions"] == 3


def test_the_initialization_is_in_the_report_of_the_first_invocation(plane: Plane) -> None:
    function = Napping(plane, "reported")
    function.provision(1)
    first, second = (
        function.functions.invoke("reported", {}, Qualifier="live", LogType="Tail")["log"]
        for _ in range(2)
    )
    assert "Init Duration" in first
    assert "Init Duration" not in second
