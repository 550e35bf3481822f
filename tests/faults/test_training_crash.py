"""Training jobs and a plane that is killed: nothing that it acknowledged is lost.

Random moments are tried in rounds of three; `make soak` sets how many.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PlaneFactory
from tests.integration.training_jobs import Training
from tests.planes import wait_until
from tests.soak import kills

ROUNDS = kills(9) // 3

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
    plane_factory: PlaneFactory, tmp_path: Path
) -> None:
    plane = plane_factory()
    training = Training(plane)
    data = channel(training, 50)
    gate = tmp_path / "gate"
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
    plane_factory: PlaneFactory, tmp_path: Path
) -> None:
    plane = plane_factory()
    training = Training(plane)
    gate = tmp_path / "gate"
    training.create("alone", GATED, environment={"GATE": str(gate)}, metrics=METRICS)
    wait_until(lambda: Path(f"{gate}.starts").exists())
    plane.kill()
    gate.touch()
    wait_until(lambda: list(plane.state.glob("sagemaker/training/alone/*/algo-1/run-1/exit.json")))
    check(Training(plane.start()), "alone")


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
    plane_factory: PlaneFactory, tmp_path: Path, seed: int
) -> None:
    moments = random.Random(seed)
    plane = plane_factory()
    training = Training(plane)
    data = channel(training, 20)
    created: list[str] = []
    for number in range(3):
        name, gate = f"random-{number}", tmp_path / f"gate-{number}"
        gate.touch()
        environment = {"GATE": str(gate)}
        training.create(name, GATED, environment=environment, metrics=METRICS, InputDataConfig=data)
        created.append(name)
        time.sleep(moments.uniform(0.0, 0.4))  # the moment is what is tried here
        plane.kill()
        training = Training(plane.start())
    for name in created:
        check(training, name)
