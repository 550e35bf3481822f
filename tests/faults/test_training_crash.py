"""Training jobs and a plane that is killed: nothing that it acknowledged is lost.

Random moments are tried in rounds of three; `make soak` sets how many.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PlaneFactory
from tests.inside import shared
from tests.integration.training_jobs import Training
from tests.planes import Plane, wait_until
from tests.soak import kills

ROUNDS = kills(3) // 3

# Counts its starts beside the gate, prints, waits for the gate, prints again, saves.
GATED = """
import os, time
gate = os.environ["GATE"]
with open(gate + ".starts", "a") as starts:
    starts.write("x")
print("loss: 0.5", flush=True)
while not os.path.exists(gate):
    time.sleep(0.01)
print("loss: 0.25", flush=True)
open(os.environ["SM_MODEL_DIR"] + "/w", "w").write("weights")
"""
# The same on each of several hosts.
GATED_HOST = """
import os, time
gate, host = os.environ["GATE"], os.environ["SM_CURRENT_HOST"]
with open(f"{gate}.{host}", "a") as starts:
    starts.write("x")
print("up", flush=True)
while not os.path.exists(gate):
    time.sleep(0.01)
print("done", flush=True)
open(os.environ["SM_MODEL_DIR"] + "/of-" + host, "w").write(host)
"""
TWO_HOSTS = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}
METRICS = {"loss": r"loss: ([0-9.]+)"}


def channel(training: Training, objects: int) -> list[dict[str, Any]]:
    """A channel of so many objects."""
    for number in range(objects):
        training.s3.put_object(Bucket=training.bucket, Key=f"data/{number}", Body=b"x" * 100)
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{training.bucket}/data/"}
    return [{"ChannelName": "data", "DataSource": {"S3DataSource": source}}]


def check(training: Training, name: str) -> dict[str, Any]:
    """A job that went through a crash has all that one without has, once."""
    job = training.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert training.artifacts(name) == {"w": b"weights"}
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("loss", 0.25)]
    lines = training.lines(name)
    assert lines.count("loss: 0.5") == 1
    assert lines.count("loss: 0.25") == 1
    ends = [t["EndTime"] for t in job["SecondaryStatusTransitions"]]
    assert ends == sorted(ends)
    return job


def test_a_job_survives_the_plane_in_every_phase(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    training = Training(plane)
    data = channel(training, 50)
    gate = shared(plane.state) / "gate"
    training.create(
        "phases", GATED, environment={"GATE": str(gate)}, metrics=METRICS, InputDataConfig=data
    )
    plane.kill()  # Starting or Downloading
    training = Training(plane.start())
    training.wait("phases", "Training")
    plane.kill()
    training = Training(plane.start())
    assert training.describe("phases")["SecondaryStatus"] == "Training"
    gate.touch()
    plane.kill()  # Training, or just at its end
    training = Training(plane.start())
    training.wait("phases", "Training", "Uploading", "Completed")
    plane.kill()
    training = Training(plane.start())
    check(training, "phases")
    assert Path(f"{gate}.starts").read_text() == "x"
    plane.kill()
    training = Training(plane.start())
    check(training, "phases")
    wait_until(lambda: not (plane.state / "sagemaker/training/phases").exists())


def test_a_job_that_ended_while_no_plane_was_there_is_finished(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    training = Training(plane)
    gate = shared(plane.state) / "gate"
    training.create("alone", GATED, environment={"GATE": str(gate)}, metrics=METRICS)
    wait_until(lambda: Path(f"{gate}.starts").exists())
    plane.kill()
    gate.touch()
    wait_until(lambda: list(plane.state.glob("sagemaker/training/alone/*/algo-1/run-1/exit.json")))
    check(Training(plane.start()), "alone")


def two_hosts(plane: Plane, gate: Path) -> list[Path]:
    """Creates the job `pair`; returns its hosts' folders once both hosts run."""
    training = Training(plane)
    training.create("pair", GATED_HOST, environment={"GATE": str(gate)}, ResourceConfig=TWO_HOSTS)
    wait_until(lambda: all(Path(f"{gate}.algo-{host}").exists() for host in (1, 2)))
    return sorted(plane.state.glob("sagemaker/training/pair/*/algo-*"))


def check_hosts(plane: Plane, gate: Path, starts: str) -> None:
    """The job went on to its end; each host was started so often, and left what it has to."""
    training = Training(plane)
    job = training.wait("pair")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert training.artifacts("pair") == {"of-algo-1": b"algo-1", "of-algo-2": b"algo-2"}
    assert training.lines("pair").count("done") == 2
    assert [Path(f"{gate}.algo-{host}").read_text() for host in (1, 2)] == [starts, starts]


def test_all_hosts_of_a_job_are_adopted(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    gate = shared(plane.state) / "gate"
    two_hosts(plane, gate)
    plane.kill()
    Training(plane.start()).wait("pair", "Training")
    gate.touch()
    check_hosts(plane, gate, "x")


def test_hosts_that_ended_while_no_plane_was_there_are_finished(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    gate = shared(plane.state) / "gate"
    folders = two_hosts(plane, gate)
    plane.kill()
    gate.touch()
    wait_until(lambda: all((folder / "run-1/exit.json").exists() for folder in folders))
    plane.start()
    check_hosts(plane, gate, "x")


def test_a_lost_host_starts_all_of_them_again(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    gate = shared(plane.state) / "gate"
    folders = two_hosts(plane, gate)
    record = json.loads((folders[1] / "run-1" / "process.json").read_text())
    plane.kill()
    os.kill(record["shim_pid"], signal.SIGKILL)
    plane.start()
    wait_until(lambda: all(Path(f"{gate}.algo-{host}").read_text() == "xx" for host in (1, 2)))
    gate.touch()
    check_hosts(plane, gate, "xx")


def test_a_stop_that_was_acknowledged_stops_the_job(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    training = Training(plane)
    training.create("stops", "import time\ntime.sleep(600)\n")
    training.wait("stops", "Training")
    training.sagemaker.stop_training_job(TrainingJobName="stops")
    plane.kill()
    assert Training(plane.start()).wait("stops")["TrainingJobStatus"] == "Stopped"


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_jobs_survive_a_plane_that_is_killed_at_random_moments(
    plane_factory: PlaneFactory, seed: int
) -> None:
    moments = random.Random(seed)
    plane = plane_factory()
    training = Training(plane)
    data = channel(training, 20)
    created: list[str] = []
    for number in range(3):
        name, gate = f"random-{number}", shared(plane.state) / f"gate-{number}"
        gate.touch()
        environment = {"GATE": str(gate)}
        training.create(name, GATED, environment=environment, metrics=METRICS, InputDataConfig=data)
        created.append(name)
        time.sleep(moments.uniform(0.0, 0.4))  # the moment is what is tried here
        plane.kill()
        training = Training(plane.start())
    for name in created:
        check(training, name)
