"""Stopping, listing, tagging and deleting training jobs, and many of them at once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kennel.errors import ValidationException
from kennel.services.sagemaker.errors import ResourceInUse
from tests.planes import wait_until
from tests.services.sagemaker.training.bench import SAVE, WAIT, Bench


def test_a_stopped_job_keeps_the_model_that_it_saves_on_sigterm(bench: Bench) -> None:
    script = """
import os, signal, sys, time
def save(*_):
    open(os.environ["SM_MODEL_DIR"] + "/w", "w").write("in time")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("up", flush=True)
time.sleep(600)
"""
    bench.create("stopped", script)
    bench.wait("stopped", "Training")
    wait_until(lambda: "up" in bench.printed("stopped"))
    bench.call("sagemaker", "StopTrainingJob", TrainingJobName="stopped")
    assert bench.describe("stopped")["TrainingJobStatus"] in ("Stopping", "Stopped")
    job = bench.wait("stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert bench.artifacts("stopped") == {"w": b"in time"}
    assert [t["Status"] for t in job["SecondaryStatusTransitions"]][-3:] == [
        "Stopping",
        "Uploading",
        "Stopped",
    ]


def test_a_job_that_never_ends_is_stopped_at_its_limit(bench: Bench) -> None:
    bench.create("endless", SAVE + WAIT, StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = bench.wait("endless")
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert bench.artifacts("endless") == {"w": b"weights"}
    assert "FailureReason" not in job


def test_a_job_that_ignores_sigterm_is_killed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kennel.services.sagemaker.training.run.STOP_GRACE", 0.3)
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAIT
    bench.create("stubborn", script)
    wait_until(lambda: "up" in bench.printed("stubborn"))
    bench.call("sagemaker", "StopTrainingJob", TrainingJobName="stubborn")
    assert bench.wait("stubborn")["TrainingJobStatus"] == "Stopped"


def test_a_job_that_has_ended_can_t_be_stopped(bench: Bench) -> None:
    bench.create("over", SAVE)
    bench.wait("over", "Completed")
    with pytest.raises(ValidationException, match="is in status Completed"):
        bench.call("sagemaker", "StopTrainingJob", TrainingJobName="over")


@pytest.fixture(scope="module")
def listed(bench: Bench) -> list[str]:
    names = [f"list-{number}" for number in range(4)]
    for name in names:
        bench.create(name, SAVE if name != "list-2" else "raise SystemExit(1)")
    for name in names:
        bench.wait(name)
    return names


def names(bench: Bench, **parameters: Any) -> list[str]:
    page = bench.call("sagemaker", "ListTrainingJobs", NameContains="list-", **parameters)
    return [job["TrainingJobName"] for job in page["TrainingJobSummaries"]]


def test_jobs_are_listed_by_creation_time(bench: Bench, listed: list[str]) -> None:
    assert names(bench) == listed
    assert names(bench, SortOrder="Descending") == listed[::-1]


def test_filters_narrow_the_list(bench: Bench, listed: list[str]) -> None:
    assert names(bench, StatusEquals="Failed") == ["list-2"]
    created = [bench.describe(name)["CreationTime"] for name in listed]
    after = datetime.fromtimestamp((created[1] + created[2]) / 2, UTC)
    assert names(bench, CreationTimeAfter=after) == ["list-2", "list-3"]
    long_ago = datetime.fromtimestamp(1, UTC)
    assert names(bench, LastModifiedTimeBefore=long_ago) == []
    assert names(bench, LastModifiedTimeAfter=long_ago) == listed


def test_sorting_by_status(bench: Bench, listed: list[str]) -> None:
    assert names(bench, SortBy="Status")[-1] == "list-2"


def test_pages_follow_each_other(bench: Bench, listed: list[str]) -> None:
    seen = []
    parameters: dict[str, Any] = {"NameContains": "list-", "MaxResults": 3}
    while True:
        page = bench.call("sagemaker", "ListTrainingJobs", **parameters)
        seen += [job["TrainingJobName"] for job in page["TrainingJobSummaries"]]
        if "NextToken" not in page:
            break
        parameters["NextToken"] = page["NextToken"]
    assert seen == listed


def test_a_job_s_tags_can_be_read_added_to_and_removed(bench: Bench) -> None:
    arn = bench.create("tagged", SAVE, Tags=[{"Key": "team", "Value": "dogs"}])
    bench.call("sagemaker", "AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    bench.call("sagemaker", "DeleteTags", ResourceArn=arn, TagKeys=["team"])
    tags = bench.call("sagemaker", "ListTags", ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "a", "Value": "1"}]
    bench.wait("tagged")


def test_a_deleted_jobs_name_is_free_again(bench: Bench) -> None:
    arn = bench.create("again", "print('first')\n", Tags=[{"Key": "k", "Value": "v"}])
    bench.wait("again", "Completed")
    bench.call("sagemaker", "DeleteTrainingJob", TrainingJobName="again")
    with pytest.raises(ValidationException, match="Resource does not exist"):
        bench.call("sagemaker", "ListTags", ResourceArn=arn)
    bench.create("again", "raise SystemExit('second')\n")
    assert bench.wait("again")["TrainingJobStatus"] == "Failed"
    assert bench.call("sagemaker", "ListTags", ResourceArn=arn)["Tags"] == []


def test_a_running_job_can_t_be_deleted(bench: Bench) -> None:
    bench.create("busy", WAIT)
    bench.wait("busy", "Training")
    with pytest.raises(ResourceInUse, match="in status InProgress"):
        bench.call("sagemaker", "DeleteTrainingJob", TrainingJobName="busy")
    bench.call("sagemaker", "StopTrainingJob", TrainingJobName="busy")
    bench.wait("busy")


def test_nothing_of_an_ended_job_is_left_on_the_disk(bench: Bench) -> None:
    bench.create("gone", SAVE)
    bench.wait("gone", "Completed")
    wait_until(lambda: not (bench.state / "sagemaker" / "training" / "gone").exists())


def test_jobs_beyond_the_slots_wait_as_pending_and_then_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "state").start()
    try:
        bench.jobs._pool._slots = 1
        bench.create("first", WAIT)
        bench.wait("first", "Training")
        bench.create("second", SAVE)
        bench.create("third", SAVE)
        assert bench.describe("second")["SecondaryStatus"] == "Pending"
        bench.call("sagemaker", "StopTrainingJob", TrainingJobName="third")
        assert bench.wait("third")["TrainingJobStatus"] == "Stopped"
        assert "third" not in "".join(bench.objects())
        bench.call("sagemaker", "StopTrainingJob", TrainingJobName="first")
        job = bench.wait("second")
        assert job["TrainingJobStatus"] == "Completed"
        statuses = [t["Status"] for t in job["SecondaryStatusTransitions"]]
        assert statuses[:3] == ["Starting", "Pending", "Starting"]
    finally:
        bench.stop()


def test_a_tuning_jobs_first_trial_leaves_the_others_their_cores(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    script = SAVE + "print('threads', os.environ['OMP_NUM_THREADS'])\n"
    resources = {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    bench.create("alone", script, ResourceConfig=resources)
    bench.wait("alone")
    bench.jobs.expect("tuning", 4)
    bench.create("trial", script, ResourceConfig=resources)
    bench.wait("trial")
    bench.jobs.expect("tuning", 0)
    assert "threads 8" in bench.log("alone")
    assert "threads 2" in bench.log("trial")
