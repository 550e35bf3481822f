"""Tuning jobs by the dispatcher, on a plane in this process: what the wire would not let through,
and what takes a plane's inside to see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.sagemaker import SageMaker
from kennel.services.sagemaker.training.events import MetricSeen
from kennel.services.sagemaker.training.spec import TrainingSpec
from kennel.services.sagemaker.training.spec import with_defaults as training_defaults
from kennel.services.sagemaker.tuning.searcher import Searcher, SearchFailed, SearchLost
from kennel.services.sagemaker.tuning.spec import TuningSpec, with_defaults
from kennel.services.sagemaker.tuning.trials import trial_name, trial_of, trial_request
from tests.planes import wait_until
from tests.roles import EVERYTHING, TRUST
from tests.services.sagemaker.training.bench import ROLE, WAIT, Bench, source_archive


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    shared = Bench(tmp_path_factory.mktemp("bench") / "state").start()
    yield shared
    shared.stop()


def request(name: str = "job", **changes: Any) -> dict[str, Any]:
    """CreateHyperParameterTuningJob's parameters, with further members of its structures."""
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {
            "ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0", "MaxValue": "1"}]
        },
    }
    definition = {
        "StaticHyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://in-bucket/code/{name}.tar.gz"',
        },
        "AlgorithmSpecification": {
            "TrainingImage": "kennel",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": r"loss: (\S+)"}],
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://out-bucket/models"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 1,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config | changes.pop("config", {}),
        "TrainingJobDefinition": definition | changes.pop("definition", {}),
        **changes,
    }


def create(bench: Bench, name: str, script: str, **changes: Any) -> None:
    bench.put(f"code/{name}.tar.gz", source_archive(train_py=script))
    bench.call("sagemaker", "CreateHyperParameterTuningJob", **request(name, **changes))


def wait(bench: Bench, name: str) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        job = bench.call(
            "sagemaker", "DescribeHyperParameterTuningJob", HyperParameterTuningJobName=name
        )
        over = job["HyperParameterTuningJobStatus"] in ("Completed", "Failed", "Stopped")
        return job if over else None

    job: dict[str, Any] = wait_until(ended)
    return job


def trials(bench: Bench, name: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = bench.call(
        "sagemaker",
        "ListTrainingJobsForHyperParameterTuningJob",
        HyperParameterTuningJobName=name,
        MaxResults=100,
    )["TrainingJobSummaries"]
    return listed


def test_a_job_that_takes_too_long_ends_with_what_it_has(bench: Bench) -> None:
    limits = {
        "MaxNumberOfTrainingJobs": 50,
        "MaxParallelTrainingJobs": 1,
        "MaxRuntimeInSeconds": 2,
    }
    script = "import time\nprint('loss: 1')\ntime.sleep(0.5)\n"
    create(bench, "late", script, config={"ResourceLimits": limits})
    job = wait(bench, "late")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert len(trials(bench, "late")) < 50
    assert job["ConsumedResources"]["RuntimeInSeconds"] >= 2


def test_a_search_that_can_not_be_made_fails_the_job_and_says_why(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Searcher, asked: Any) -> dict[str, str]:
        raise SearchFailed("Optuna is not there")

    monkeypatch.setattr(Searcher, "propose", fail)
    create(bench, "searchless", WAIT)
    job = wait(bench, "searchless")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert "Optuna is not there" in job["FailureReason"]


def test_a_search_process_that_was_lost_is_asked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def lose_once(self: Searcher, question: dict[str, Any]) -> dict[str, str]:
        asked.append(question["number"])
        if len(asked) == 1:
            raise SearchLost("killed")
        return {"lr": str(0.1 * len(asked))}

    monkeypatch.setattr(Searcher, "propose", lose_once)
    create(bench, "lost", "print('loss: 1')\n")
    assert wait(bench, "lost")["HyperParameterTuningJobStatus"] == "Completed"
    assert asked == [1, 1, 2]


def test_a_trial_whose_training_job_is_refused_has_failed_of_that(
    bench: Bench, tmp_path: Path
) -> None:
    """The role goes while the first trial runs."""
    bench.call("iam", "CreateRole", RoleName="leaver", AssumeRolePolicyDocument=json.dumps(TRUST))
    bench.call(
        "iam",
        "PutRolePolicy",
        RoleName="leaver",
        PolicyName="allowed",
        PolicyDocument=json.dumps(EVERYTHING),
    )
    gate = tmp_path / "gate"
    script = (
        "import os, time\nwhile not os.path.exists(os.environ['GATE']):\n    time.sleep(0.01)\n"
    )
    create(
        bench,
        "refused",
        script,
        config={"ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1}},
        definition={
            "RoleArn": ROLE.replace("trainer", "leaver"),
            "Environment": {"GATE": str(gate)},
        },
    )
    wait_until(lambda: trials(bench, "refused"))
    bench.wait(trials(bench, "refused")[0]["TrainingJobName"], "Training")
    bench.call("iam", "DeleteRolePolicy", RoleName="leaver", PolicyName="allowed")
    bench.call("iam", "DeleteRole", RoleName="leaver")
    gate.touch()
    job = wait(bench, "refused")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    _, second = trials(bench, "refused")
    assert second["TrainingJobStatus"] == "Failed"
    assert "Could not assume role" in second["FailureReason"]


def test_a_value_that_is_told_twice_counts_once_and_a_restart_begins_anew(bench: Bench) -> None:
    create(bench, "told", WAIT, config={"TrainingJobEarlyStoppingType": "Auto"})
    wait_until(lambda: len(trials(bench, "told")) == 2)
    service = bench.plane.dispatcher.service("sagemaker")
    assert isinstance(service, SageMaker)
    tuning = service.tuning_jobs
    trial = trials(bench, "told")[0]
    for position, value in (
        ((1, 0, 0), 5.0),
        ((1, 9, 0), 4.0),
        ((1, 0, 0), 5.0),
        ((1, 9, 0), 4.0),
        ((2, 0, 0), 3.0),
    ):
        name, arn = trial["TrainingJobName"], trial["TrainingJobArn"]
        tuning._heard(MetricSeen(name, arn, "loss", value, 0.0, position))
        tuning._heard(MetricSeen(name, arn, "other", 77.0, 0.0, position))
        tuning._heard(MetricSeen(f"{name[:-8]}00000000", arn, "loss", 77.0, 0.0, position))
        if position == (1, 9, 0):
            wait_until(lambda: _values(bench, "told") == [5.0, 4.0])
    wait_until(lambda: _values(bench, "told") == [3.0])
    bench.call("sagemaker", "StopHyperParameterTuningJob", HyperParameterTuningJobName="told")
    assert wait(bench, "told")["HyperParameterTuningJobStatus"] == "Stopped"


def _values(bench: Bench, name: str) -> list[float]:
    service = bench.plane.dispatcher.service("sagemaker")
    assert isinstance(service, SageMaker)
    trial = service.tuning_jobs._store.trial(name, 1)
    assert trial is not None
    return trial.values


def test_each_trial_has_a_checkpoint_folder_of_its_own() -> None:
    checkpoints = {"S3Uri": "s3://out-bucket/checkpoints"}
    made = request(definition={"CheckpointConfig": checkpoints})
    spec = TuningSpec.read(with_defaults(made))
    training = trial_request(spec, "job-001-0123abcd", {"lr": "0.5"})
    location = "s3://out-bucket/checkpoints/job-001-0123abcd"
    assert training["CheckpointConfig"] == {"S3Uri": location}
    assert TrainingSpec.read(training_defaults(training)).hyperparameters["lr"] == "0.5"


FLEXIBLE = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5}


@pytest.mark.parametrize(
    "asked",
    [
        FLEXIBLE,
        {
            "AllocationStrategy": "Prioritized",
            "InstanceConfigs": [FLEXIBLE, {**FLEXIBLE, "InstanceType": "ml.m5.large"}],
        },
    ],
)
def test_the_sdks_way_to_ask_for_instances_is_understood(asked: dict[str, Any]) -> None:
    definition = {"ResourceConfig": None, "HyperParameterTuningResourceConfig": asked}
    spec = TuningSpec.read(with_defaults(request(definition=definition)))
    assert trial_request(spec, "job-001-0123abcd", {})["ResourceConfig"] == FLEXIBLE
    both = {"HyperParameterTuningResourceConfig": asked}
    spec = TuningSpec.read(with_defaults(request(definition=both)))
    with pytest.raises(ValidationException, match="either a ResourceConfig or"):
        trial_request(spec, "job-001-0123abcd", {})


def test_what_was_asked_for_is_not_changed() -> None:
    made = request()
    before = repr(made)
    TuningSpec.read(with_defaults(made))
    assert repr(made) == before


@pytest.mark.parametrize("quoted", ["12", '"12"'])
@pytest.mark.parametrize("name", ["epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"])
def test_hyperbands_most_resource_is_read_from_the_epochs(name: str, quoted: str) -> None:
    made = request(
        config={"Strategy": "Hyperband"}, definition={"StaticHyperParameters": {name: quoted}}
    )
    band = TuningSpec.read(with_defaults(made)).hyperband
    assert band is not None
    assert (band.least, band.most) == (1, 12)


@pytest.mark.parametrize(
    "definition", [{"TuningObjective": {"Type": "Minimize"}}, {"HyperParameterRanges": {"a": 1}}]
)
def test_members_of_several_definitions_are_refused_by_name(definition: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedByKennel, match=next(iter(definition))):
        TuningSpec.read(with_defaults(request(definition=definition)))


def test_a_trials_name_leads_back_to_its_job() -> None:
    assert trial_of(trial_name("my-job-001", 17)) == ("my-job-001", 17)
    assert trial_of("my-job") is None
    assert trial_of("my-job-1-0123abcd") is None
