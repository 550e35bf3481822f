"""HyperparameterTuner: a search, what came of it, and searches that start from it."""

import pathlib

import sagemaker
from sagemaker.analytics import HyperparameterTuningJobAnalytics
from sagemaker.pytorch import PyTorch
from sagemaker.tuner import (
    CategoricalParameter,
    ContinuousParameter,
    HyperparameterTuner,
    IntegerParameter,
    WarmStartConfig,
    WarmStartTypes,
    create_identical_dataset_and_algorithm_tuner,
    create_transfer_learning_tuner,
)
from telling import bucket_with_numbers, tell

# The SDK's own names for tuning jobs are the same for all of a minute, so each is named here.
session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket = bucket_with_numbers(session)
data = {"training": f"s3://{bucket}/data/"}
definitions = [{"Name": "Test Loss", "Regex": "Testing Loss: ([0-9\\.]+)"}]
ranges = {"learning-rate": ContinuousParameter(0.001, 0.1)}


def estimator(**hyperparameters):
    return PyTorch(
        entry_point="train.py",
        source_dir=str(pathlib.Path(__file__).parent / "source"),
        role=role,
        instance_count=1,
        instance_type="ml.m5.large",
        hyperparameters=hyperparameters,
        framework_version="2.0",
        py_version="py310",
        base_job_name="sdk-tuned",
    )


def tuner(searched, estimator, **more):
    more = {"max_jobs": 3, "max_parallel_jobs": 3, "objective_type": "Minimize", **more}
    return HyperparameterTuner(estimator, "Test Loss", searched, definitions, **more)


# One trial, ended before anything else: only so many jobs run at once, and it would take its place
# among them for ten minutes.
stopped = tuner(
    {"epochs": IntegerParameter(1, 9)}, estimator(seconds=600), max_jobs=1, max_parallel_jobs=1
)
stopped.fit(data, wait=False, job_name="sdk-stopped")
stopped.stop_tuning_job()

first = tuner(ranges, estimator(epochs=1))
first.fit(data, job_name="sdk-first")
said = {
    "best": first.best_training_job(),
    "best_hyperparameters": first.best_estimator().hyperparameters(),
}
name = first.latest_tuning_job.name
frame = HyperparameterTuningJobAnalytics(name).dataframe()
said["frame"] = frame[["TrainingJobName", "learning-rate", "FinalObjectiveValue"]].values.tolist()
said["same_frame"] = len(first.analytics().dataframe())

attached = HyperparameterTuner.attach(name)
said["attached"] = {
    "name": attached.latest_tuning_job.name,
    "best": attached.best_training_job(),
    "metric": attached.objective_metric_name,
    "estimator": type(attached.estimator).__name__,
}
said["attached_estimator"] = PyTorch.attach(said["best"]).hyperparameters()["learning-rate"]

# Neither of these methods copies the metric's definition, and AWS refuses a job without it.
again = attached.identical_dataset_and_algorithm_tuner()
again.metric_definitions = definitions
again.fit(data, wait=False, job_name="sdk-identical")
transferred = first.transfer_learning_tuner(estimator=estimator(epochs=1))
transferred.metric_definitions = definitions
transferred.fit(data, wait=False, job_name="sdk-transferred")
configured = tuner(
    ranges,
    estimator(epochs=1),
    warm_start_config=WarmStartConfig(WarmStartTypes.IDENTICAL_DATA_AND_ALGORITHM, {name}),
    strategy="Random",
    early_stopping_type="Auto",
)
configured.fit(data, wait=False, job_name="sdk-configured")
grid = tuner({"epochs": CategoricalParameter([1, 2])}, estimator(), strategy="Grid", max_jobs=2)
grid.fit(data, wait=False, job_name="sdk-grid")
said["later"] = {}
for label, one in (
    ("identical", again),
    ("transferred", transferred),
    ("configured", configured),
    ("grid", grid),
):
    one.wait()
    described = one.describe()
    said["later"][label] = {
        "warm": described.get("WarmStartConfig"),
        "best": one.best_training_job(),
        "overall": described.get("OverallBestTrainingJob", {}).get("TuningJobName"),
        "values": sorted(one.analytics().dataframe()["FinalObjectiveValue"]),
    }
by_functions = {
    "identical": create_identical_dataset_and_algorithm_tuner(name),
    "transferred": create_transfer_learning_tuner(name),
}
said["by_functions"] = {
    label: [one.warm_start_config.type.value, sorted(one.warm_start_config.parents)]
    for label, one in by_functions.items()
}
said["stopped"] = stopped.describe()["HyperParameterTuningJobStatus"]
said["name"] = name
tell(said)
