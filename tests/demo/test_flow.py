"""The whole demo, as a person runs it, on a few drawn pictures."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from kennel.vision.drawing import draw_dataset
from tests.demo.photos import make_photos
from tests.planes import Plane, clean_environment, wait_until

BREEDS = 3


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("drawn") / "dogs"
    draw_dataset(folder, breeds=BREEDS, train=6, valid=3, test=3, workers=1)
    return folder


@pytest.fixture(scope="module")
def demo(plane, pictures, tmp_path_factory):
    """A finished run on the shared plane: what it printed, its report, its folder."""
    folder = tmp_path_factory.mktemp("demo")
    report = folder / "report.json"
    done = plane.command(
        *("demo", "--data", str(pictures), "--trials", "2"),
        *("--output", str(folder), "--json", str(report)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads(report.read_text()), folder


def test_the_report_holds_what_programs_ask_for(demo):
    _, report, _ = demo
    assert 0 <= report["test_accuracy"] <= 1
    assert report["seconds"] >= sum(report["steps"].values()) > 0
    assert [trial["status"] for trial in report["trials"]] == ["Completed", "Completed"]
    for trial in report["trials"]:
        assert 0.001 <= trial["learning_rate"] <= 0.1
        assert trial["batch_size"] in (32, 64, 128, 256, 512)
        assert trial["diverged"] is (trial["objective"] >= math.log(BREEDS))
    assert report["best_trial"] in {trial["name"] for trial in report["trials"]}
    assert report["endpoint"]
    assert report["function"]


def test_the_prediction_is_the_endpoints_numbers_and_the_label_of_the_largest(demo, pictures):
    prediction = demo[1]["prediction"]
    labels = sorted(path.name for path in (pictures / "train").iterdir())
    assert len(prediction["logits"]) == BREEDS
    assert prediction["label"] == labels[prediction["logits"].index(max(prediction["logits"]))]
    assert prediction["truth"] in labels


def test_the_functions_reply_is_whole(demo):
    reply = demo[1]["reply"]
    assert reply["statusCode"] == 200
    assert reply["headers"]["Access-Control-Allow-Origin"] == "*"
    assert reply["type-result"] == "<class 'str'>"
    assert reply["COntent-Type-In"].startswith("LambdaContext(")
    assert json.loads(reply["body"]) == [demo[1]["prediction"]["logits"]]


def test_each_part_of_a_call_lies_inside_the_one_before(demo):
    cold, warm = demo[1]["timing"]["cold"], demo[1]["timing"]["warm"]
    for call in (cold, warm):
        assert call["client_ms"] > call["duration_ms"] > call["endpoint_ms"] > call["model_ms"] > 0
    assert cold["init_ms"] > 0
    assert warm["init_ms"] is None


def test_plots_are_drawn_and_their_paths_printed(demo):
    said, report, _ = demo
    for path in report["files"].values():
        assert path in said
        with Image.open(path) as plot:
            assert plot.format == "PNG"


def test_people_are_told_that_the_backbone_has_seen_such_photos(demo):
    said, report, _ = demo
    note = "The backbone was trained on ImageNet, which holds many of these photos."
    assert note in said
    assert report["note"] == note


def test_what_runs_and_may_do_things_is_gone_and_the_jobs_stay(demo, plane):
    _, report, _ = demo
    sagemaker = plane.client("sagemaker")
    endpoints = sagemaker.list_endpoints(NameContains=report["run"])["Endpoints"]
    functions = plane.client("lambda").list_functions()["Functions"]
    roles = plane.client("iam").list_roles()["Roles"]
    assert endpoints == []
    assert report["function"] not in {function["FunctionName"] for function in functions}
    assert not [role for role in roles if role["RoleName"].startswith(report["run"])]
    job = sagemaker.describe_training_job(TrainingJobName=report["training_job"])
    assert job["TrainingJobStatus"] == "Completed"


def test_the_calls_of_its_roles_make_policies_that_let_another_run_pass(demo, plane):
    """That one passes under them is `make demo-least-privilege`."""
    run = demo[1]["run"]
    answer = plane.command("iam", "generate", f"{run}-function")
    assert answer.returncode == 0, answer.stderr
    statements = json.loads(answer.stdout)["Statement"]
    (invoke,) = [one for one in statements if one["Action"] == "sagemaker:InvokeEndpoint"]
    assert invoke["Resource"].endswith(":endpoint/dogs-*")
    answer = plane.command("iam", "generate", f"{run}-sagemaker")
    assert answer.returncode == 0, answer.stderr
    services = {one["Sid"][:2] for one in json.loads(answer.stdout)["Statement"]}
    assert services == {"Cl", "Lo", "S3"}


def test_a_step_that_fails_says_why_and_where_the_log_is(plane, tmp_path):
    folder = make_photos(tmp_path / "dogs")
    for photo in folder.rglob("*.jpg"):
        photo.write_bytes(b"no photo at all")
    done = plane.command(
        *("demo", "--data", str(folder), "--trials", "1", "--output", str(tmp_path / "out"))
    )
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert "ended Failed" in sentence
    assert "Trial 1 failed with AlgorithmError" in sentence
    (log,) = (tmp_path / "out").glob("*.log")
    assert f"Its log is {log}." in sentence
    assert "Invoking user script" in log.read_text()


def test_ctrl_c_stops_the_job_and_the_plane_that_it_started(pictures, tmp_path):
    output = tmp_path / "out"
    state = output / "state"
    command = [sys.executable, "-m", "kennel", "demo", "--data", str(pictures)]
    log = tmp_path / "said"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, "--output", str(output)],
            stdout=file,
            stderr=subprocess.STDOUT,
            # A state folder of the test's own, on which no plane runs.
            env=clean_environment() | {"KENNEL_STATE": str(tmp_path / "none")},
        )
    try:
        wait_until(lambda: "Tune: 6 trials" in log.read_text(), 60, "the search has begun")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
        plane = Plane(state)
        left = not (state / "plane.json").exists()
        plane.close()
    assert left, "the plane still ran"
    assert "Stopped the plane" in log.read_text()
    again = Plane(state).start()
    try:
        listed = again.client("sagemaker").list_hyper_parameter_tuning_jobs()
        (job,) = listed["HyperParameterTuningJobSummaries"]
        assert job["HyperParameterTuningJobStatus"] == "Stopped", (job, log.read_text())
        jobs = again.client("sagemaker").list_training_jobs(StatusEquals="InProgress")
        assert jobs["TrainingJobSummaries"] == []
    finally:
        again.close()
