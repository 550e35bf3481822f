from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kennel.clock import SimulatedClock
from kennel.errors import NotImplementedByKennel
from kennel.services.cloudwatch.errors import (
    InvalidParameterValueException,
    MissingRequiredParameterException,
)
from tests.services.cloudwatch.conftest import StageFactory
from tests.services.cloudwatch.stage import Stage

ROOT = Path(__file__).parents[3]


def listed(stage: Stage, **parameters: Any) -> list[tuple[str, str, dict[str, str]]]:
    found = []
    token: dict[str, str] = {}
    while True:
        page = stage.call("ListMetrics", **parameters, **token)
        found += [
            (
                metric["Namespace"],
                metric["MetricName"],
                {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]},
            )
            for metric in page["Metrics"]
        ]
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def put(stage: Stage, namespace: str, name: str, **dimensions: str) -> None:
    members = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    stage.call(
        "PutMetricData",
        Namespace=namespace,
        MetricData=[{"MetricName": name, "Value": 1, "Dimensions": members}],
    )


def test_metrics_are_listed_by_namespace_name_and_dimensions(stage: Stage) -> None:
    put(stage, "/aws/sagemaker/Endpoints", "CPUUtilization", EndpointName="e", VariantName="v")
    put(stage, "Own/SageMaker", "Invocations", EndpointName="e", VariantName="v")
    put(stage, "Own/SageMaker", "Invocations", EndpointName="f", VariantName="v")
    put(stage, "Own/SageMaker", "ModelLatency", EndpointName="e")
    assert len(listed(stage)) == 4
    assert listed(stage, Namespace="Own/SageMaker", MetricName="ModelLatency") == [
        ("Own/SageMaker", "ModelLatency", {"EndpointName": "e"})
    ]
    by_name = listed(stage, Dimensions=[{"Name": "VariantName"}])
    assert len(by_name) == 3
    by_value = listed(stage, Dimensions=[{"Name": "EndpointName", "Value": "f"}])
    assert by_value == [("Own/SageMaker", "Invocations", {"EndpointName": "f", "VariantName": "v"})]
    assert listed(stage, Namespace="AWS") == []


def test_pages_of_metrics_hold_every_one_once(stage: Stage) -> None:
    for number in range(1_203):
        stage.cloudwatch.sink.add("N", f"m{number:04d}", (), 1)
        if number == 700:
            stage.cloudwatch.sink.flush()
    assert [name for _, name, _ in listed(stage)] == [f"m{number:04d}" for number in range(1_203)]
    with pytest.raises(InvalidParameterValueException):
        stage.call("ListMetrics", NextToken="forged")


def test_metrics_without_recent_data_are_left_out(stage: Stage, clock: SimulatedClock) -> None:
    put(stage, "N", "old")
    clock.advance(3 * 3600 + 1)
    put(stage, "N", "new")
    assert len(listed(stage)) == 2
    assert listed(stage, RecentlyActive="PT3H") == [("N", "new", {})]
    clock.advance(14 * 86_400 - 60)
    assert listed(stage) == [("N", "new", {})]
    with pytest.raises(InvalidParameterValueException):
        listed(stage, RecentlyActive="PT1H")


def test_regions_have_metrics_of_their_own(stage: Stage, now: float) -> None:
    stage.call(
        "PutMetricData",
        region="eu-west-1",
        Namespace="N",
        MetricData=[{"MetricName": "m", "Value": 1}],
    )
    assert listed(stage) == []
    assert stage.statistics(now, now + 60, Statistics=["Sum"]) == []
    assert listed(stage, region="eu-west-1") == [("N", "m", {})]


@pytest.mark.parametrize("namespace", ["", ":N", "a\nb", "AWS/Mine"])
def test_a_bad_namespace_is_an_error(stage: Stage, namespace: str) -> None:
    with pytest.raises(InvalidParameterValueException, match="Namespace"):
        put(stage, namespace, "m")


def test_a_put_without_data_is_an_error(stage: Stage) -> None:
    with pytest.raises(MissingRequiredParameterException):
        stage.call("PutMetricData", Namespace="N")


def test_of_a_put_with_one_bad_datum_nothing_is_stored(stage: Stage) -> None:
    with pytest.raises(InvalidParameterValueException, match=r"member\.2"):
        stage.put({"MetricName": "m", "Value": 1}, {"MetricName": "m", "Value": float("nan")})
    assert listed(stage) == []


def test_composite_alarms_are_refused_by_name(stage: Stage) -> None:
    with pytest.raises(NotImplementedByKennel, match="PutCompositeAlarm"):
        stage.call("PutCompositeAlarm")


def test_data_outlive_a_restart(
    make_stage: StageFactory, clock: SimulatedClock, now: float
) -> None:
    first = make_stage(clock=clock)
    first.put({"MetricName": "m", "Value": 4, "Unit": "Bytes/Second"})
    first.cloudwatch.stop()
    second = make_stage(clock=clock)
    assert second.statistics(now, now + 60, Statistics=["Sum"]) == [
        {"Timestamp": now, "Unit": "Bytes/Second", "Sum": 4}
    ]


def test_what_put_metric_data_acknowledged_outlives_a_kill(tmp_path: Path, now: float) -> None:
    program = (
        "import sys; from pathlib import Path; from kennel.clock import SimulatedClock\n"
        "from tests.services.cloudwatch.stage import Stage\n"
        "stage = Stage(Path(sys.argv[1]), SimulatedClock(1_800_000_000.0))\n"
        "stage.cloudwatch.start()\n"
        "while True:\n"
        "    stage.put({'MetricName': 'm', 'Value': 1}); print(flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    acknowledged = 20 + len(process.stdout.readlines())
    process.wait()
    process.stdout.close()
    stage = Stage(tmp_path, SimulatedClock(1_800_000_000.0))
    stage.cloudwatch.start()
    try:
        (point,) = stage.statistics(now, now + 60, Statistics=["Sum"])
        assert acknowledged <= point["Sum"] <= acknowledged + 1
    finally:
        stage.cloudwatch.stop()
