"""The SDK, version 2: HyperparameterTuner."""

from __future__ import annotations

import pytest


def test_the_best_of_the_trials_is_found(sdk_tuning):
    best = min(sdk_tuning["frame"], key=lambda row: row[2])
    assert sdk_tuning["best"] == best[0]
    hyperparameters = sdk_tuning["best_hyperparameters"]
    assert float(hyperparameters["learning-rate"]) == pytest.approx(best[1])
    assert best[2] == pytest.approx(abs(best[1] - 0.01) + 6, abs=1e-3)


def test_the_best_trials_hyperparameters_are_quoted_as_on_aws(sdk_tuning):
    hyperparameters = sdk_tuning["best_hyperparameters"]
    assert hyperparameters["_tuning_objective_metric"] == '"Test Loss"'
    assert hyperparameters["sagemaker_program"] == '"train.py"'
    assert hyperparameters["sagemaker_region"].startswith('"')
    assert hyperparameters["sagemaker_job_name"].startswith('"sdk-')
    assert hyperparameters["sagemaker_submit_directory"].startswith('"s3://')
    assert hyperparameters["sagemaker_container_log_level"] == "20"


def test_analytics_are_a_data_frame_of_every_trial(sdk_tuning):
    assert len(sdk_tuning["frame"]) == sdk_tuning["same_frame"] == 3
    assert all(name.startswith(sdk_tuning["name"]) for name, _, _ in sdk_tuning["frame"])


def test_a_tuner_is_attached_by_its_name(sdk_tuning):
    attached = sdk_tuning["attached"]
    assert attached["name"] == sdk_tuning["name"]
    assert attached["best"] == sdk_tuning["best"]
    assert attached["metric"] == "Test Loss"
    assert attached["estimator"] == "PyTorch"
    best = sdk_tuning["best_hyperparameters"]
    assert sdk_tuning["attached_estimator"] == best["learning-rate"]


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("identical", "IdenticalDataAndAlgorithm"),
        ("transferred", "TransferLearning"),
        ("configured", "IdenticalDataAndAlgorithm"),
    ],
)
def test_a_search_starts_from_an_earlier_one(sdk_tuning, label, kind):
    later = sdk_tuning["later"][label]
    assert later["warm"]["WarmStartType"] == kind
    assert later["warm"]["ParentHyperParameterTuningJobs"] == [
        {"HyperParameterTuningJobName": sdk_tuning["name"]}
    ]
    assert len(later["values"]) == 3
    assert bool(later["overall"]) == (kind == "IdenticalDataAndAlgorithm")


def test_the_functions_for_warm_starts_make_the_same_tuners(sdk_tuning):
    assert sdk_tuning["by_functions"] == {
        "identical": ["IdenticalDataAndAlgorithm", [sdk_tuning["name"]]],
        "transferred": ["TransferLearning", [sdk_tuning["name"]]],
    }


def test_a_grid_tries_each_combination(sdk_tuning):
    assert sdk_tuning["later"]["grid"]["values"] == pytest.approx([3.09, 6.09])


def test_a_search_can_be_stopped(sdk_tuning):
    assert sdk_tuning["stopped"] in ("Stopping", "Stopped")
