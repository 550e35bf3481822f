"""`kennel plan` with a real endpoint and a real function: what it measures, reads and says, and
that the calls it prints are taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.functions import Functions
from tests.integration.model_archives import Hosting
from tests.integration.scaled_variants import target, tracking
from tests.planes import wait_until

NAPS = """
import json, time

def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    time.sleep(0.02)
    return "{}", "application/json"
"""
SLEEPY = "import time\ndef handler(event, context):\n    time.sleep(0.03)\n    return event\n"
MEASURE = ("--requests", "20")
TRAFFIC = ("--traffic", "5/s:10m,60/s:20m")


@pytest.fixture(scope="module")
def endpoint(plane) -> str:
    hosting = Hosting(plane)
    hosting.deploy("planned", NAPS)
    hosting.wait("planned")
    scaling = plane.client("application-autoscaling")
    scaling.register_scalable_target(**target("planned"), MinCapacity=1, MaxCapacity=3)
    scaling.put_scaling_policy(
        **target("planned"),
        PolicyName="seed",
        **tracking(10.0, ScaleOutCooldown=30, ScaleInCooldown=30),
    )
    return "planned"


def answer_of(plane, *words: str) -> Any:
    answer = plane.command("plan", *words, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_a_live_endpoint_is_measured_and_simulated_with_its_own_policy(plane, endpoint):
    record = answer_of(
        plane,
        *("simulate", "--endpoint", endpoint, "--measure", f"endpoint:{endpoint}"),
        *MEASURE,
        *TRAFFIC,
    )
    assert "1..3" in record["setting"]
    assert "target 10/min, cooldowns 30 s" in record["setting"]
    assert record["latency"]["p50"] >= 0.02
    assert record["capacity"]["most"] == 3


def test_a_live_policy_is_explained_with_what_an_instance_was_measured_to_do(plane, endpoint):
    answer = plane.command(
        "plan", "explain", target("planned")["ResourceId"], "--measure", *MEASURE
    )
    assert answer.returncode == 0, answer.stderr
    assert "It has 1 to 3 instances, now 1, of ml.m5.large." in answer.stdout
    assert "A target of 10 is ten invocations a minute per instance" in answer.stdout
    assert "from 20 calls of planned" in answer.stdout
    assert "of what an instance does" in answer.stdout


def test_what_the_search_finds_is_set_by_the_calls_that_it_gives(plane, endpoint):
    record = answer_of(
        plane,
        *("search", "--slo", "p99<150ms", "--endpoint", endpoint, "--service", "exp:20ms"),
        *("--traffic", "2/s:40m,2/s..60/s:20m,60/s:20m", "--instances", "1..6"),
    )
    assert record["kept"]
    for call in record["calls"]:
        getattr(plane.client(call["service"]), call["operation"])(**call["arguments"])
    scaling = plane.client("application-autoscaling")
    (registered,) = scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[target("planned")["ResourceId"]]
    )["ScalableTargets"]
    least = record["chosen"]["capacity"]["least"]
    assert registered["MinCapacity"] == least


def test_the_traffic_and_the_latency_are_read_from_the_planes_own_metrics(plane, endpoint):
    runtime = plane.client("sagemaker-runtime")
    for _ in range(30):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")

    def tried() -> Any:
        answer = plane.command(
            *("plan", "simulate", "--endpoint", endpoint, "--instances", "1", "--json"),
            *("--traffic-from", f"endpoint:{endpoint}", "--since", "1h", "--duration", "10m"),
        )
        return answer if answer.returncode == 0 else None

    record = json.loads(wait_until(tried).stdout)
    assert record["traffic"]["expected"] >= 30
    assert record["latency"]["p50"] >= 0.02


def test_a_function_is_measured_by_what_it_reports(plane):
    functions = Functions(plane)
    functions.create("planned-too", SLEEPY, MemorySize=256)
    functions.client.put_function_concurrency(
        FunctionName="planned-too", ReservedConcurrentExecutions=2
    )
    record = answer_of(
        plane,
        *("simulate", "--function", "planned-too", "--measure", "function:planned-too"),
        *MEASURE,
        *("--traffic", "poisson:100/s", "--duration", "5m"),
    )
    assert "256 MB, at most 2 at once" in record["setting"]
    assert record["requests"]["throttled"] > 0
    assert record["latency"]["p50"] >= 0.03


def test_what_is_not_there_is_bad_input(plane):
    answer = plane.command("plan", "explain", "endpoint/nobody/variant/AllTraffic")
    assert answer.returncode == 2
    assert "There is no endpoint nobody at the plane" in answer.stderr
    assert "Traceback" not in answer.stderr
