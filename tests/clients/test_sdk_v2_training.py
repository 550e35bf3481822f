"""The SDK, version 2: estimators."""

from __future__ import annotations

import re

import pytest


def exists(plane, location: str) -> bool:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bool(plane.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"])


def test_a_fit_streams_the_log_and_closes_with_the_seconds(sdk_training):
    log = sdk_training["log"]
    assert "Starting - Preparing the instances for training" in log
    assert "Completed - Training job completed" in log
    assert "Epoch 1: Testing Loss: 3.0900" in log
    assert re.search(r"Training seconds: \d+\nBillable seconds: \d+\n", log)
    again = sdk_training["log_again"]
    assert "Epoch 1: Testing Loss: 3.0900" in again
    assert "Billable seconds: " in again


def test_a_line_is_seen_while_the_job_still_runs(sdk_training):
    assert sdk_training["status_at_first_line"] == "InProgress"


def test_an_estimator_knows_where_its_model_is(sdk_training, plane):
    assert exists(plane, sdk_training["model_data"])


def test_an_attached_estimator_knows_what_the_job_was(sdk_training):
    attached = sdk_training["attached"]
    assert attached["hyperparameters"]["learning-rate"] == "0.1"
    assert attached["hyperparameters"]["sagemaker_program"] == '"train.py"'
    assert attached["model_data"] == sdk_training["model_data"]
    assert (attached["instance_type"], attached["version"]) == ("ml.m5.large", "2.0")


def test_a_jobs_metrics_come_as_a_data_frame(sdk_training):
    assert sdk_training["analytics"]
    assert {name for name, _ in sdk_training["analytics"]} == {"Test Loss"}
    assert all(3 < value < 7 for _, value in sdk_training["analytics"])


def test_a_job_that_nobody_waits_for_can_be_stopped(sdk_training):
    assert sdk_training["stopped"] == "Stopped"


@pytest.mark.parametrize("name", ["old", "sklearn", "huggingface", "generic"])
def test_the_other_estimators_train_too(sdk_training, plane, name):
    model_data, epochs = sdk_training["others"][name]
    assert exists(plane, model_data)
    assert epochs == ("1" if name == "generic" else None)


def test_sharded_data_is_split_between_two_hosts_and_both_are_in_the_log(sdk_training):
    log = sdk_training["sharded"]
    assert sorted(re.findall(r"Files (\[.*\])", log)) == ["['a.json']", "['b.json']"]
    assert sorted(set(re.findall(r"Host (algo-\d) of", log))) == ["algo-1", "algo-2"]
    seconds, billed = re.findall(r"(?:Training|Billable) seconds: (\d+)", log)
    assert int(seconds) % 2 == int(billed) % 2 == 0


def test_debugger_and_profiler_are_described_as_they_were_asked_for(sdk_training):
    watched = sdk_training["watched"]
    job = watched["described"]
    hook = job["DebugHookConfig"]
    assert hook["HookParameters"] == {"train.save_interval": "100"}
    assert "weights" in {entry["CollectionName"] for entry in hook["CollectionConfigurations"]}
    rules = job["DebugRuleConfigurations"]
    assert [rule["RuleParameters"]["rule_to_invoke"] for rule in rules] == [
        "VanishingGradient",
        "Overfit",
    ]
    [report] = job["ProfilerRuleConfigurations"]
    assert report["RuleParameters"]["rule_to_invoke"] == "ProfilerReport"
    assert job["ProfilerConfig"]["ProfilingIntervalInMilliseconds"] == 500
    assert "DetailedProfilingConfig" in job["ProfilerConfig"]["ProfilingParameters"]
    assert job["TensorBoardOutputConfig"]["S3OutputPath"].endswith("/board")
    assert job["ExperimentConfig"] == {"ExperimentName": "dogs", "RunName": "first"}
    assert job["InfraCheckConfig"] == {"EnableInfraCheck": True}
    assert job["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 600


def test_no_rule_has_found_anything_or_nothing(sdk_training):
    statuses = {rule["RuleEvaluationStatus"] for rule in sdk_training["watched"]["rules"]}
    assert len(sdk_training["watched"]["rules"]) == 3
    assert statuses == {"Error"}


def test_a_watched_estimator_names_the_places_of_its_outputs(sdk_training, plane):
    watched = sdk_training["watched"]
    for place, ending in (
        ("tensors", "debug-output"),
        ("board", "tensorboard-output"),
        ("profile", "profiler-output"),
    ):
        assert watched[place].endswith(f"{watched['name']}/{ending}")
    assert exists(plane, watched["model_data"])
