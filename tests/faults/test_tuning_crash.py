"""Tuning jobs and a plane that is killed: no trial is lost, none is run twice, the total is exact.

`make soak` says how many random moments are tried.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PlaneFactory
from tests.inside import shared
from tests.integration.tuning_jobs import Tuning
from tests.planes import Plane, wait_until
from tests.soak import kills

# Counts its starts by its name, and takes a little time over three values.
COUNTED = """
import argparse, math, os, time
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
with open(os.environ["STARTS"], "a") as starts:
    starts.write(os.environ["TRAINING_JOB_NAME"] + "\\n")
for epoch in (3, 2, 1):
    print(f"Testing Loss: {epoch + (math.log10(lr) + 2) ** 2}", flush=True)
    time.sleep(0.1)
"""
GATED = COUNTED + "while not os.path.exists(os.environ['GATE']):\n    time.sleep(0.01)\n"
TRIALS = 6
KILLS = kills(2)


def check(tuning: Tuning, name: str, starts: Path, trials: int = TRIALS) -> dict[str, Any]:
    """A job that went through crashes is like one that did not."""
    job = tuning.wait(name)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingJobStatusCounters"]["Completed"] == trials
    assert job["ObjectiveStatusCounters"]["Succeeded"] == trials
    listed = tuning.trials(name)
    names = [trial["TrainingJobName"] for trial in listed]
    assert [int(trial.split("-")[-2]) for trial in names] == list(range(1, trials + 1))
    started = [line for line in starts.read_text().split() if line.startswith(f"{name}-")]
    assert sorted(started) == sorted(names)
    points = {trial["TunedHyperParameters"]["lr"] for trial in listed}
    assert len(points) == trials
    for trial in names:
        described = tuning.training.describe(trial)
        assert described["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    pages = tuning.sagemaker.get_paginator("list_training_jobs").paginate(NameContains=f"{name}-")
    made = [one["TrainingJobName"] for page in pages for one in page["TrainingJobSummaries"]]
    assert sorted(made) == sorted(names)
    return job


def finished(tuning: Tuning, name: str) -> dict[str, Any]:
    """The trials that have ended, by name."""
    trials = tuning.trials(name, StatusEquals="Completed")
    return {trial["TrainingJobName"]: trial for trial in trials}


def wait_for_finished(tuning: Tuning, name: str, least: int) -> None:
    wait_until(lambda: len(finished(tuning, name)) >= least)


def search_process(plane: Plane) -> int | None:
    """The pid of the plane's own search process."""
    folder = plane.state / "sagemaker" / "tuning"
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            at = os.readlink(entry / "cwd")
            if at == str(folder) and b"kennel.runtimes.tuner" in (entry / "cmdline").read_bytes():
                return int(entry.name)
        except OSError:
            continue
    return None


def test_a_tuning_job_survives_a_plane_that_is_killed_at_random_moments(
    plane_factory: PlaneFactory,
) -> None:
    moments = random.Random(4)
    plane = plane_factory()
    starts = shared(plane.state) / "starts"
    tuning = Tuning(plane)
    left, number = KILLS, 0
    while left:
        number += 1
        name = f"soak-{number}"
        environment = {"STARTS": str(starts)}
        tuning.create(name, COUNTED, strategy="Bayesian", trials=TRIALS, environment=environment)
        while left:
            time.sleep(moments.uniform(0.0, 1.0))  # the moment is what is tried here
            if tuning.describe(name)["HyperParameterTuningJobStatus"] != "InProgress":
                break
            before = finished(tuning, name)
            plane.kill()
            left -= 1
            plane.start()
            after = finished(tuning, name)
            assert before == {trial: after.get(trial) for trial in before}
        check(tuning, name, starts)


def test_trials_that_run_when_the_plane_dies_go_on(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    tuning = Tuning(plane)
    starts, gate = shared(plane.state) / "starts", shared(plane.state) / "gate"
    environment = {"STARTS": str(starts), "GATE": str(gate)}
    tuning.create("gated", GATED, trials=3, parallel=2, environment=environment)
    wait_until(lambda: starts.exists() and len(starts.read_text().split()) == 2)
    plane.kill()
    plane.start()
    counters = tuning.describe("gated")["TrainingJobStatusCounters"]
    assert counters["InProgress"] == 2
    gate.touch()
    check(tuning, "gated", starts, trials=3)


def test_trials_that_ended_while_no_plane_was_there_count(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    tuning = Tuning(plane)
    starts, gate = shared(plane.state) / "starts", shared(plane.state) / "gate"
    environment = {"STARTS": str(starts), "GATE": str(gate)}
    tuning.create("alone", GATED, trials=2, parallel=2, environment=environment)
    wait_until(lambda: starts.exists() and len(starts.read_text().split()) == 2)
    plane.kill()
    gate.touch()
    ends = "sagemaker/training/alone-*/*/algo-1/run-1/exit.json"
    wait_until(lambda: len(list(plane.state.glob(ends))) == 2)
    plane.start()
    check(tuning, "alone", starts, trials=2)


def test_a_stop_that_was_acknowledged_stops_the_job(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    tuning = Tuning(plane)
    starts = shared(plane.state) / "starts"
    environment = {"STARTS": str(starts), "GATE": str(shared(plane.state) / "gate")}
    tuning.create("stops", GATED, trials=9, parallel=2, environment=environment)
    wait_until(lambda: starts.exists() and len(starts.read_text().split()) == 2)
    tuning.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stops")
    plane.kill()
    plane.start()
    assert tuning.wait("stops")["HyperParameterTuningJobStatus"] == "Stopped"
    assert len(starts.read_text().split()) == 2
    assert {trial["TrainingJobStatus"] for trial in tuning.trials("stops")} == {"Stopped"}


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_a_search_process_that_is_killed_is_not_missed(
    plane_factory: PlaneFactory, tmp_path: Path, strategy: str
) -> None:
    plane = plane_factory()
    tuning = Tuning(plane)
    starts = shared(plane.state) / "starts"
    tuning.create(
        "search",
        COUNTED,
        strategy=strategy,
        trials=TRIALS,
        parallel=1,
        environment={"STARTS": str(starts)},
    )
    for ended in range(1, 4):
        wait_for_finished(tuning, "search", ended)
        os.kill(wait_until(lambda: search_process(plane)), signal.SIGKILL)
    check(tuning, "search", starts)


def test_a_search_process_ends_with_its_plane(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    tuning = Tuning(plane)
    starts = shared(plane.state) / "starts"
    tuning.create("ends", COUNTED, trials=1, environment={"STARTS": str(starts)})
    wait_until(lambda: starts.exists())
    assert search_process(plane) is not None
    plane.kill()
    wait_until(lambda: search_process(plane) is None)


def test_early_stopping_goes_on_with_the_values_of_before(
    plane_factory: PlaneFactory,
) -> None:
    """Three trials end before the plane dies; the fourth is judged by them after it."""
    script = """
import json, os, time
level = float(json.loads(os.environ["SM_HPS"])["level"])
for epoch in range(3):
    print(f"Testing Loss: {level}", flush=True)
if level > 50:
    open(os.environ["STARTS"], "w").close()
    time.sleep(600)
"""
    plane = plane_factory()
    tuning = Tuning(plane)
    starts = shared(plane.state) / "starts"
    levels = {"Name": "level", "Values": ["3", "2", "1", "99"]}
    tuning.create(
        "judged",
        script,
        strategy="Grid",
        parallel=1,
        ranges={"CategoricalParameterRanges": [levels]},
        config={"TrainingJobEarlyStoppingType": "Auto"},
        environment={"STARTS": str(starts)},
    )
    wait_for_finished(tuning, "judged", 3)
    plane.kill()  # the fourth has begun, or is about to
    plane.start()
    job = tuning.wait("judged")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["Stopped"] == 1
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
