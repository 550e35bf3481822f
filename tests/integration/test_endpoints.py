"""Endpoints by boto3 against a real plane: real processes with a model in each."""

from __future__ import annotations

import concurrent.futures
import json
import signal
import time
from collections import Counter
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import WaiterError

from tests.inside import WHO, kill, lives
from tests.integration.model_archives import Hosting, archive
from tests.integration.refusals import error_of
from tests.planes import Plane, wait_until

ECHO = (
    WHO
    + """
import json, os

def model_fn(model_dir):
    return {"loaded by": who(os.getpid())}

def input_fn(body, content_type):
    return json.loads(body)

def predict_fn(data, model):
    if data.get("die"):
        os._exit(9)
    if data.get("raise"):
        raise ValueError("no such dog")
    print("asked", data, flush=True)
    return {"pid": who(os.getpid()), "data": data, **model}

def output_fn(prediction, accept):
    return json.dumps(prediction)
"""
)


@pytest.fixture(scope="module")
def hosting(plane: Plane) -> Hosting:
    return Hosting(plane)


def metric_sum(plane: Plane, endpoint: str, metric: str, statistic: str = "Sum") -> float:
    """A metric of the endpoint's variant AllTraffic over the last hours, summed up."""
    now = time.time()
    points = plane.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=now - 3600,
        EndTime=now + 3600,
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return float(sum(point[statistic] for point in points))


@pytest.fixture(scope="module")
def echo(hosting: Hosting) -> str:
    """An endpoint of two instances that the tests here share."""
    hosting.deploy("echo", ECHO, count=2)
    described = hosting.wait("echo")
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    return "echo"


def test_instances_are_processes_forked_from_one_loaded_model(hosting: Hosting, echo: str) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = [json.loads(r) for r in pool.map(lambda _: hosting.invoke(echo), range(40))]
    assert len({reply["pid"] for reply in replies}) == 2
    assert len({reply["loaded by"] for reply in replies}) == 1
    assert all(reply["pid"] != reply["loaded by"] for reply in replies)


def test_a_models_own_error_comes_back_as_model_error(hosting: Hosting, echo: str) -> None:
    with pytest.raises(hosting.runtime.exceptions.ModelError) as caught:
        hosting.invoke(echo, b'{"raise": true}')
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 500
    assert "no such dog" in response["OriginalMessage"]
    assert "/aws/sagemaker/Endpoints/echo" in response["LogStreamArn"]


def test_a_killed_instance_is_replaced_and_no_request_fails(hosting: Hosting, echo: str) -> None:
    victim = json.loads(hosting.invoke(echo))["pid"]
    kill(victim, signal.SIGKILL)
    replies = [json.loads(hosting.invoke(echo)) for _ in range(20)]
    assert victim not in {reply["pid"] for reply in replies}

    def two_again() -> bool:
        variant = hosting.sagemaker.describe_endpoint(EndpointName=echo)["ProductionVariants"][0]
        return bool(variant["CurrentInstanceCount"] == 2)

    wait_until(two_again)


def test_a_request_that_kills_its_instance_is_tried_once_more_and_then_unavailable(
    hosting: Hosting, echo: str, plane: Plane
) -> None:
    client = plane.client("sagemaker-runtime", Config(retries={"total_max_attempts": 1}))
    code, _, status = error_of(
        lambda: client.invoke_endpoint(
            EndpointName=echo, Body=b'{"die": 1}', ContentType="application/json"
        )
    )
    assert (code, status) == ("ServiceUnavailable", 503)
    assert json.loads(hosting.invoke(echo))["data"] == {}
    assert wait_until(lambda: metric_sum(plane, echo, "Invocation5XXErrors") >= 1)


def test_an_instance_that_outgrows_its_type_is_killed_and_its_log_says_so(
    hosting: Hosting, plane: Plane
) -> None:
    greedy = ECHO.replace(
        "def predict_fn(data, model):",
        "kept = []\ndef predict_fn(data, model):\n"
        "    kept.append(bytearray(b'x') * data.get('grow', 0))",
    )
    hosting.model("greedy", greedy)
    hosting.config("greedy", ("AllTraffic", "greedy", 1, 1.0), instance_type="ml.t2.medium")
    hosting.sagemaker.create_endpoint(EndpointName="greedy", EndpointConfigName="greedy")
    hosting.wait("greedy")
    before = json.loads(hosting.invoke("greedy"))["pid"]
    hosting.invoke("greedy", b'{"grow": %d}' % (4200 << 20))
    logs = plane.client("logs")
    group = "/aws/sagemaker/Endpoints/greedy"

    def said() -> list[str]:
        found = logs.filter_log_events(logGroupName=group, filterPattern="killed")["events"]
        return [event["message"] for event in found]

    assert "ml.t2.medium has 4 GiB" in wait_until(said)[0]
    assert json.loads(hosting.invoke("greedy"))["pid"] != before
    hosting.sagemaker.delete_endpoint(EndpointName="greedy")
    hosting.wait_deleted("greedy")


def test_payloads_go_up_to_25_mb_and_no_further(hosting: Hosting, echo: str) -> None:
    large = b'{"x": "' + b"a" * (24 << 20) + b'"}'
    assert len(hosting.invoke(echo, large)) > len(large)
    code, message, status = error_of(lambda: hosting.invoke(echo, b"a" * (50 << 20)))
    assert (code, status) == ("ValidationError", 400)
    assert "less than or equal to 26214400" in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TargetModel", "m"),
        ("TargetContainerHostname", "h"),
        ("InferenceComponentName", "x"),
        ("SessionId", "NEW_SESSION"),
        ("EnableExplanations", "`true`"),
    ],
)
def test_a_parameter_that_changes_who_answers_is_refused_and_not_ignored(
    hosting: Hosting, echo: str, name: str, value: str
) -> None:
    options: Any = {name: value}
    code, message, status = error_of(lambda: hosting.invoke(echo, **options))
    assert (code, status) == ("NotImplemented", 501)
    assert name in message


def test_a_variant_keeps_at_least_one_instance(hosting: Hosting, echo: str) -> None:
    code, message, _ = error_of(
        lambda: hosting.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=echo,
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}],
        )
    )
    assert code == "ValidationException"
    assert "at least 1 instance" in message


def test_more_instances_than_a_machine_can_hold_are_refused(hosting: Hosting, echo: str) -> None:
    code, message, _ = error_of(lambda: hosting.config("huge", ("v", echo, 10_000, 1.0)))
    assert code == "ResourceLimitExceeded"
    assert "10000 Instances" in message


def test_an_endpoint_that_is_not_there(hosting: Hosting) -> None:
    code, message, status = error_of(lambda: hosting.invoke("nowhere"))
    assert (code, status) == ("ValidationError", 400)
    assert message == "Endpoint nowhere of account 000000000000 not found."
    code, message, _ = error_of(lambda: hosting.sagemaker.describe_endpoint(EndpointName="nowhere"))
    assert code == "ValidationException"
    assert message.startswith('Could not find endpoint "arn:aws:sagemaker:')


def test_what_the_model_prints_is_in_the_logs(hosting: Hosting, echo: str, plane: Plane) -> None:
    hosting.invoke(echo, b'{"find": "me"}')
    logs = plane.client("logs")

    def printed() -> bool:
        try:
            found = logs.filter_log_events(
                logGroupName="/aws/sagemaker/Endpoints/echo", filterPattern='"find"'
            )
        except logs.exceptions.ResourceNotFoundException:
            return False
        return any("asked {'find': 'me'}" in event["message"] for event in found["events"])

    wait_until(printed)


def test_invocations_are_counted_under_awss_names(
    hosting: Hosting, echo: str, plane: Plane
) -> None:
    hosting.invoke(echo)

    def total(metric: str, statistic: str = "Sum") -> float:
        return metric_sum(plane, echo, metric, statistic)

    assert wait_until(lambda: total("Invocations") >= 1)
    assert total("InvocationsPerInstance") > 0
    assert total("ModelLatency", "Maximum") > 0
    assert total("OverheadLatency", "Maximum") > 0


def test_variants_share_by_weight_and_can_be_named(hosting: Hosting) -> None:
    for name in ("red", "blue"):
        hosting.model(name, ECHO.replace('"data": data', f'"colour": "{name}"'))
    hosting.config("colours", ("red", "red", 1, 3.0), ("blue", "blue", 1, 1.0))
    hosting.sagemaker.create_endpoint(EndpointName="colours", EndpointConfigName="colours")
    hosting.wait("colours")

    def colour(**options: Any) -> str:
        return str(json.loads(hosting.invoke("colours", **options))["colour"])

    seen = Counter(colour() for _ in range(200))
    assert seen["red"] > seen["blue"] > 0
    assert colour(TargetVariant="blue") == "blue"
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="colours",
        DesiredWeightsAndCapacities=[
            {"VariantName": "red", "DesiredWeight": 0.0},
            {"VariantName": "blue", "DesiredInstanceCount": 2},
        ],
    )
    described = hosting.wait("colours")
    assert [v["CurrentInstanceCount"] for v in described["ProductionVariants"]] == [1, 2]
    assert {colour() for _ in range(20)} == {"blue"}
    hosting.sagemaker.delete_endpoint(EndpointName="colours")
    hosting.wait_deleted("colours")


def test_an_update_fails_no_request_and_a_bad_one_changes_nothing(hosting: Hosting) -> None:
    slow = ECHO.replace(
        "def predict_fn(data, model):",
        "def predict_fn(data, model):\n    import time; time.sleep(0.05)",
    )
    hosting.deploy("blue-green", slow.replace('"data": data', '"version": 1'))
    hosting.wait("blue-green")
    hosting.model("second", slow.replace('"data": data', '"version": 2'))
    hosting.model("broken", "def model_fn(model_dir): raise RuntimeError('no weights here')")
    hosting.config("second", ("AllTraffic", "second", 1, 1.0))
    hosting.config("broken", ("AllTraffic", "broken", 1, 1.0))
    done = False
    versions: list[int] = []

    def keep_asking(_: int) -> None:
        while not done:
            versions.append(json.loads(hosting.invoke("blue-green"))["version"])

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asking = pool.map(keep_asking, range(4))
        try:
            hosting.sagemaker.update_endpoint(
                EndpointName="blue-green", EndpointConfigName="second"
            )
            described = hosting.wait("blue-green")
            wait_until(lambda: versions[-1] == 2)
        finally:
            done = True
        list(asking)  # raises what a caller saw
    assert versions[0] == 1
    assert described["EndpointConfigName"] == "second"

    hosting.sagemaker.update_endpoint(EndpointName="blue-green", EndpointConfigName="broken")
    described = hosting.wait("blue-green")
    assert described["EndpointConfigName"] == "second"
    assert "no weights here" in described["FailureReason"]
    assert json.loads(hosting.invoke("blue-green"))["version"] == 2


def test_a_model_that_does_not_load_fails_the_endpoint_with_its_reason(
    hosting: Hosting, plane: Plane
) -> None:
    hosting.deploy("unloadable", "def model_fn(model_dir): raise RuntimeError('bad weights')")
    with pytest.raises(WaiterError):
        hosting.wait("unloadable")
    described = hosting.sagemaker.describe_endpoint(EndpointName="unloadable")
    assert described["EndpointStatus"] == "Failed"
    assert "bad weights" in described["FailureReason"]
    hosting.sagemaker.delete_endpoint(EndpointName="unloadable")
    hosting.wait_deleted("unloadable")


def test_an_archive_that_reaches_outside_its_folder_is_refused(hosting: Hosting) -> None:
    hosting.model_from("escape", archive({"code/inference.py": ECHO, "../../out": "x"}))
    hosting.config("escape", ("AllTraffic", "escape", 1, 1.0))
    hosting.sagemaker.create_endpoint(EndpointName="escape", EndpointConfigName="escape")
    with pytest.raises(WaiterError):
        hosting.wait("escape")
    reason = hosting.sagemaker.describe_endpoint(EndpointName="escape")["FailureReason"]
    assert "../../out" in reason


def test_an_unknown_image_fails_the_endpoint_with_advice(hosting: Hosting) -> None:
    image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    hosting.model_from("strange", archive({"code/inference.py": ECHO}), image)
    hosting.config("strange", ("AllTraffic", "strange", 1, 1.0))
    hosting.sagemaker.create_endpoint(EndpointName="strange", EndpointConfigName="strange")
    with pytest.raises(WaiterError):
        hosting.wait("strange")
    reason = hosting.sagemaker.describe_endpoint(EndpointName="strange")["FailureReason"]
    assert image in reason
    assert "images.toml" in reason


def test_a_deleted_endpoint_leaves_no_process_and_no_name(hosting: Hosting) -> None:
    hosting.deploy("short-lived", ECHO)
    hosting.wait("short-lived")
    reply = json.loads(hosting.invoke("short-lived"))
    hosting.sagemaker.delete_endpoint(EndpointName="short-lived")
    hosting.wait_deleted("short-lived")
    assert not lives(reply["pid"])
    assert not lives(reply["loaded by"])
    hosting.sagemaker.create_endpoint(EndpointName="short-lived", EndpointConfigName="short-lived")
    hosting.wait("short-lived")
