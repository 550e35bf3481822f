"""Tuning jobs by boto3 against a real plane, with scripts of a few lines."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.inside import shared
from tests.integration.tuning_jobs import QUADRATIC, Tuning, categorical, continuous, integer
from tests.planes import Plane, wait_until

# What a script needs to see its hyperparameters.
SEEN = "import json, os, sys, time\nhps = json.loads(os.environ['SM_HPS'])\n"
# Counts how many trials run at once: each leaves a file while it runs, and sees those of others.
OVERLAP = (
    SEEN
    + """
folder = os.environ["FOLDER"]
mine = os.path.join(folder, "running-" + os.environ["TRAINING_JOB_NAME"])
open(mine, "w").close()
deadline = time.monotonic() + 20
most = 0
while time.monotonic() < deadline:
    most = max(most, len([n for n in os.listdir(folder) if n.startswith("running-")]))
    if os.path.exists(os.path.join(folder, "seen-2")) or most > 2:
        break
    if most == 2:
        open(os.path.join(folder, "seen-2"), "w").close()
    time.sleep(0.01)
time.sleep(0.1)
most = max(most, len([n for n in os.listdir(folder) if n.startswith("running-")]))
os.unlink(mine)
open(os.path.join(folder, "most-" + os.environ["TRAINING_JOB_NAME"]), "w").write(str(most))
print("Testing Loss: 1.0")
"""
)


@pytest.fixture(scope="module")
def tuning(plane: Plane) -> Tuning:
    return Tuning(plane)


def refused(tuning: Tuning, code: str, pattern: str, name: str, **changes: Any) -> None:
    with pytest.raises(ClientError, match=pattern) as caught:
        tuning.create(name, QUADRATIC, **changes)
    assert caught.value.response["Error"]["Code"] == code


def test_a_bayesian_job_finds_the_best_region_and_says_so(tuning: Tuning) -> None:
    tuning.create("bayes", QUADRATIC, strategy="Bayesian", trials=14, parallel=2)
    job = tuning.wait("bayes")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 14,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 14, "Pending": 0, "Failed": 0}
    best = job["BestTrainingJob"]
    assert 0.003 < float(best["TunedHyperParameters"]["lr"]) < 0.03
    assert best["ObjectiveStatus"] == "Succeeded"
    trials = tuning.trials("bayes", PaginationConfig={"PageSize": 5})
    assert len({trial["TrainingJobName"] for trial in trials}) == 14
    values = [t["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for t in trials]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {
        "MetricName": "Test Loss",
        "Value": min(values),
    }


def test_a_trial_is_a_training_job_like_any_other(tuning: Tuning) -> None:
    tuning.create(
        "trial",
        SEEN + "print('hps', sorted(hps))\nprint('Testing Loss: 2.5')\n",
        trials=1,
        ranges={
            "ContinuousParameterRanges": [continuous("lr", 0.001, 0.1)],
            "IntegerParameterRanges": [integer("layers", 2, 4)],
            "CategoricalParameterRanges": [categorical("batch", '"32"', '"64"')],
        },
        static={"epochs": '"3"'},
        Tags=[{"Key": "team", "Value": "dogs"}],
    )
    job = tuning.wait("trial")
    [trial] = tuning.trials("trial")
    assert re.fullmatch(r"trial-001-[0-9a-f]{8}", trial["TrainingJobName"])
    seen = tuning.training.describe(trial["TrainingJobName"])
    assert seen["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    hyperparameters = seen["HyperParameters"]
    assert hyperparameters["_tuning_objective_metric"] == "Test Loss"
    assert hyperparameters["epochs"] == '"3"'
    assert hyperparameters["batch"] in ('"32"', '"64"')
    assert hyperparameters["layers"] in ("2", "3", "4")
    assert 0.001 <= float(hyperparameters["lr"]) <= 0.1
    tuned = trial["TunedHyperParameters"]
    assert tuned == {name: hyperparameters[name] for name in ("lr", "layers", "batch")}
    for arn in (seen["TrainingJobArn"], job["HyperParameterTuningJobArn"]):
        tags = tuning.sagemaker.list_tags(ResourceArn=arn)["Tags"]
        assert tags == [{"Key": "team", "Value": "dogs"}]
    static = job["TrainingJobDefinition"]["StaticHyperParameters"]
    assert static["_tuning_objective_metric"] == "Test Loss"


def test_a_grid_runs_each_combination_once_without_being_told_how_many(tuning: Tuning) -> None:
    tuning.create(
        "grid",
        SEEN + "print('Testing Loss:', int(hps['batch']) + (hps['opt'] == 'sgd'))\n",
        strategy="Grid",
        trials=None,
        ranges={
            "CategoricalParameterRanges": [
                categorical("batch", "32", "64"),
                categorical("opt", "sgd", "adam"),
            ]
        },
    )
    job = tuning.wait("grid")
    limits = job["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert limits["MaxNumberOfTrainingJobs"] == 4
    points = [tuple(trial["TunedHyperParameters"].values()) for trial in tuning.trials("grid")]
    assert sorted(points) == [("32", "adam"), ("32", "sgd"), ("64", "adam"), ("64", "sgd")]
    best = job["BestTrainingJob"]
    assert best["TunedHyperParameters"] == {"batch": "32", "opt": "adam"}


def test_the_best_of_a_maximized_objective_is_the_highest(tuning: Tuning) -> None:
    tuning.create("highest", QUADRATIC, objective="Maximize", trials=5)
    job = tuning.wait("highest")
    listed = tuning.trials("highest", SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    values = [t["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for t in listed]
    assert values == sorted(values, reverse=True)
    assert job["BestTrainingJob"]["TrainingJobName"] == listed[0]["TrainingJobName"]


def test_trials_run_side_by_side_and_never_more_than_asked_for(
    plane: Plane, tuning: Tuning
) -> None:
    folder = shared(plane.state) / "beside"
    folder.mkdir()
    tuning.create("beside", OVERLAP, trials=6, parallel=2, environment={"FOLDER": str(folder)})
    assert tuning.wait("beside")["HyperParameterTuningJobStatus"] == "Completed"
    most = [int(path.read_text()) for path in folder.glob("most-*")]
    assert len(most) == 6
    assert max(most) == 2


def test_a_failing_a_nan_and_a_silent_trial_do_not_sink_the_job(tuning: Tuning) -> None:
    script = (
        SEEN
        + """
kind = hps["kind"]
if kind == "fails":
    raise ValueError("diverged")
if kind == "nan":
    print("Testing Loss: nan")
elif kind != "silent":
    print("Testing Loss: 0.5")
"""
    )
    tuning.create(
        "mixed",
        script,
        strategy="Grid",
        trials=4,
        regex=r"Testing Loss: (\S+)",
        ranges={
            "CategoricalParameterRanges": [categorical("kind", "fails", "nan", "silent", "good")]
        },
    )
    job = tuning.wait("mixed")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 3}
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"kind": "good"}
    trials = {trial["TunedHyperParameters"]["kind"]: trial for trial in tuning.trials("mixed")}
    assert "diverged" in trials["fails"]["FailureReason"]
    assert "FinalHyperParameterTuningJobObjectiveMetric" not in trials["nan"]
    [failed] = tuning.trials("mixed", StatusEquals="Failed")
    assert failed["TrainingJobName"] == trials["fails"]["TrainingJobName"]
    by_value = tuning.trials("mixed", SortBy="FinalObjectiveMetricValue")
    assert [trial["TunedHyperParameters"]["kind"] for trial in by_value] == ["good"]


def test_a_job_whose_trials_all_fail_fails_after_five(tuning: Tuning) -> None:
    tuning.create("hopeless", "raise SystemExit(1)\n", trials=20, parallel=1)
    job = tuning.wait("hopeless")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert "No training job succeeded after 5 attempts" in job["FailureReason"]
    assert "BestTrainingJob" not in job
    assert len(tuning.trials("hopeless")) == 5


def test_a_metric_that_never_matches_fails_the_job_with_that_advice(tuning: Tuning) -> None:
    tuning.create("silent", "print('nothing to see')\n", trials=2)
    job = tuning.wait("silent")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert "No objective metrics found" in job["FailureReason"]
    assert job["ObjectiveStatusCounters"]["Failed"] == 2


def test_early_stopping_stops_a_hopeless_trial(tuning: Tuning) -> None:
    script = (
        SEEN
        + """
level = float(hps["level"])
for epoch in range(5):
    print(f"Testing Loss: {level - 0.1 * epoch}", flush=True)
if level > 50:
    time.sleep(600)
"""
    )
    tuning.create(
        "early",
        script,
        strategy="Grid",
        trials=4,
        parallel=1,
        ranges={"CategoricalParameterRanges": [categorical("level", "3", "2", "1", "99")]},
        config={"TrainingJobEarlyStoppingType": "Auto"},
    )
    job = tuning.wait("early")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    assert job["TrainingJobStatusCounters"]["Stopped"] == 1
    assert job["ObjectiveStatusCounters"]["Succeeded"] == 4
    [stopped] = tuning.trials("early", StatusEquals="Stopped")
    assert stopped["TunedHyperParameters"] == {"level": "99"}
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"level": "1"}


def test_hyperband_stops_most_trials_early_and_keeps_a_good_one(tuning: Tuning) -> None:
    """Each trial would print 9 times and waits after its first for as long as it is let."""
    script = (
        SEEN
        + """
level = float(hps["level"])
for epoch in range(9):
    print(f"Testing Loss: {level}", flush=True)
    time.sleep(0.15)
"""
    )
    tuning.create(
        "band",
        script,
        strategy="Hyperband",
        trials=9,
        parallel=2,
        ranges={"ContinuousParameterRanges": [continuous("level", 0, 10, "Linear")]},
        static={"epochs": '"9"'},
    )
    job = tuning.wait("band")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    counters = job["TrainingJobStatusCounters"]
    assert counters["Stopped"] + counters["Completed"] == 9
    assert counters["Stopped"] >= 2
    assert counters["Completed"] >= 1


def test_a_job_that_is_stopped_stops_its_trials(tuning: Tuning) -> None:
    tuning.create("stop", "import time\ntime.sleep(600)\n", trials=9, parallel=2)
    running = "InProgress"

    def both() -> bool:
        found = tuning.trials("stop", StatusEquals=running)
        jobs = [tuning.training.describe(trial["TrainingJobName"]) for trial in found]
        return [job["SecondaryStatus"] for job in jobs] == ["Training", "Training"]

    wait_until(both)
    tuning.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stop")
    assert tuning.describe("stop")["HyperParameterTuningJobStatus"] in ("Stopping", "Stopped")
    job = tuning.wait("stop")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert [trial["TrainingJobStatus"] for trial in tuning.trials("stop")] == ["Stopped"] * 2
    with pytest.raises(ClientError, match="is in status Stopped"):
        tuning.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stop")


def test_a_target_that_is_reached_ends_the_job(tuning: Tuning) -> None:
    tuning.create(
        "target",
        SEEN + "print('Testing Loss:', hps['loss'])\n",
        strategy="Grid",
        trials=4,
        parallel=1,
        ranges={"CategoricalParameterRanges": [categorical("loss", "9", "0.1", "8", "7")]},
        config={"TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": 0.5}},
    )
    job = tuning.wait("target")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert [t["TunedHyperParameters"]["loss"] for t in tuning.trials("target")] == ["9", "0.1"]


def test_a_warm_start_goes_on_from_its_parents(tuning: Tuning) -> None:
    tuning.create("parent", QUADRATIC, strategy="Bayesian", trials=8)
    parent = tuning.wait("parent")
    config = {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "parent"}],
        "WarmStartType": "IdenticalDataAndAlgorithm",
    }
    code = parent["TrainingJobDefinition"]["StaticHyperParameters"]["sagemaker_submit_directory"]
    static = {"sagemaker_submit_directory": code}
    more = {"strategy": "Bayesian", "trials": 2, "WarmStartConfig": config, "static": static}
    tuning.create("child", QUADRATIC, **more)
    child = tuning.wait("child")
    bests = [parent["BestTrainingJob"], child["BestTrainingJob"]]
    values = [best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for best in bests]
    overall = child["OverallBestTrainingJob"]
    assert overall["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(values)
    assert overall["TuningJobName"] == ("parent" if values[0] <= values[1] else "child")
    assert child["WarmStartConfig"] == config
    transfer = {**config, "WarmStartType": "TransferLearning"}
    tuning.create("transfer", QUADRATIC, **more | {"WarmStartConfig": transfer})
    assert "OverallBestTrainingJob" not in tuning.wait("transfer")
    tuning.create("endless", "import time\ntime.sleep(600)\n", trials=1)
    for wrong, why in (("nobody", "does not exist"), ("endless", "is in status InProgress")):
        named = {
            **config,
            "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": wrong}],
        }
        refused(tuning, "ValidationException", why, "orphan", WarmStartConfig=named)
    tuning.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="endless")
    other = {"objective": "Maximize", "WarmStartConfig": config}
    refused(tuning, "ValidationException", "another objective", "orphan", **other)


def test_jobs_are_listed_filtered_and_sorted(tuning: Tuning) -> None:
    for name in ("list-a", "list-b", "list-c"):
        tuning.create(name, QUADRATIC, trials=1)
        tuning.wait(name)
    pages = tuning.sagemaker.get_paginator("list_hyper_parameter_tuning_jobs").paginate(
        NameContains="list-",
        StatusEquals="Completed",
        SortBy="CreationTime",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 2},
    )
    found = [job for page in pages for job in page["HyperParameterTuningJobSummaries"]]
    names = [job["HyperParameterTuningJobName"] for job in found]
    assert names == ["list-c", "list-b", "list-a"]
    assert found[0]["Strategy"] == "Random"
    assert found[0]["TrainingJobStatusCounters"]["Completed"] == 1


def test_a_deleted_job_is_gone_and_its_training_jobs_are_not(tuning: Tuning) -> None:
    tuning.create("deleted", QUADRATIC, trials=1)
    arn = tuning.wait("deleted")["HyperParameterTuningJobArn"]
    [trial] = tuning.trials("deleted")
    tuning.sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName="deleted")
    with pytest.raises(ClientError, match="can't find a tuning job called deleted") as caught:
        tuning.describe("deleted")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(ClientError, match="Resource does not exist"):
        tuning.sagemaker.list_tags(ResourceArn=arn)
    assert tuning.training.describe(trial["TrainingJobName"])["TrainingJobStatus"] == "Completed"


def test_a_trial_whose_training_job_is_deleted_keeps_its_result(tuning: Tuning) -> None:
    tuning.create("outlived", QUADRATIC, trials=1)
    tuning.wait("outlived")
    [trial] = tuning.trials("outlived")
    tuning.sagemaker.delete_training_job(TrainingJobName=trial["TrainingJobName"])
    assert tuning.trials("outlived") == [trial]


def test_a_name_that_is_taken_is_refused(tuning: Tuning) -> None:
    tuning.create("taken", QUADRATIC, trials=1)
    refused(tuning, "ResourceInUse", "must be unique", "taken")


@pytest.mark.parametrize(
    ("code", "pattern", "changes"),
    [
        ("ValidationException", "Logarithmic", {"ranges": {"ContinuousParameterRanges": [
            continuous("lr", 0, 1, "Logarithmic")]}}),
        ("ValidationException", "A metric is required", {"config": {
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "Other"}}}),
        ("ValidationException", r"provided ranges \[3.0\] must be equal", {"ranges": {
            "IntegerParameterRanges": [integer("layers", 1, 3)]}}),
        ("ValidationException", "categorical", {"strategy": "Grid"}),
        ("ValidationException", "must be 2 or be left out", {"strategy": "Grid", "ranges": {
            "CategoricalParameterRanges": [categorical("a", "1", "2")]}}),
        ("ValidationException", "needs a MaxResource", {"strategy": "Hyperband"}),
        ("ValidationException", "must be Off|must be\nOff", {
            "strategy": "Hyperband", "static": {"epochs": "9"},
            "config": {"TrainingJobEarlyStoppingType": "Auto"}}),
        ("ValidationException", "both static and searched", {"static": {"lr": "0.1"}}),
        ("ValidationException", "MaxNumberOfTrainingJobs", {"trials": None}),
        ("ValidationException", "Could not assume role", {"definition": {
            "RoleArn": "arn:aws:iam::000000000000:role/nobody"}}),
        ("ResourceLimitExceeded", "750", {"trials": 751}),
        ("ResourceLimitExceeded", "10", {"parallel": 11}),
        ("NotImplemented", "Autotune", {"Autotune": {"Mode": "Enabled"}}),
        ("NotImplemented", "ConvergenceDetected", {"config": {"TuningJobCompletionCriteria": {
            "ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}}}),
    ],
)  # fmt: skip
def test_what_aws_refuses_is_refused_and_what_kennel_lacks_is_named(
    tuning: Tuning, code: str, pattern: str, changes: dict[str, Any]
) -> None:
    refused(tuning, code, pattern, "refused", **changes)
    assert "refused" not in json.dumps(
        tuning.sagemaker.list_hyper_parameter_tuning_jobs(NameContains="refused"), default=str
    ).replace("ResponseMetadata", "")


def test_several_definitions_are_refused_by_name(tuning: Tuning) -> None:
    request = tuning.request("several", QUADRATIC)
    request["TrainingJobDefinitions"] = [request.pop("TrainingJobDefinition")]
    with pytest.raises(ClientError, match="TrainingJobDefinitions"):
        tuning.sagemaker.create_hyper_parameter_tuning_job(**request)


def test_a_job_asked_for_by_the_flexible_configuration_shows_the_plain_one_too(
    tuning: Tuning,
) -> None:
    """The SDK asks by the one, and its `attach` reads the other."""
    definition = tuning.request("flexible", QUADRATIC)["TrainingJobDefinition"]
    flexible = definition.pop("ResourceConfig")
    tuning.create(
        "flexible",
        QUADRATIC,
        TrainingJobDefinition={**definition, "HyperParameterTuningResourceConfig": flexible},
    )
    shown = tuning.wait("flexible")["TrainingJobDefinition"]
    assert shown["ResourceConfig"] == shown["HyperParameterTuningResourceConfig"] == flexible
    assert shown["EnableManagedSpotTraining"] is False
