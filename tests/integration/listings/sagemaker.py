"""SageMaker's lists."""

from __future__ import annotations

import base64

from tests.integration.listings.registry import FIVE, Listing, listing
from tests.integration.stage import Stage, training_request
from tests.planes import wait_until

__all__: list[str] = []


@listing("sagemaker", "ListModels")
def models(stage: Stage) -> Listing:
    names = _models(stage, "listed")
    return Listing({"Models[].ModelName": names[::-1]}, {"NameContains": "listed"})


def _models(stage: Stage, stem: str) -> list[str]:
    names = [f"{stem}{number}" for number in FIVE]
    for name in names:
        stage.client("sagemaker").create_model(
            ModelName=name, ExecutionRoleArn=stage.role, PrimaryContainer={"Image": "none"}
        )
    return names


def _configs(stage: Stage, stem: str) -> list[str]:
    names = _models(stage, f"of-{stem}")
    for name in names:
        variant = {"VariantName": "v", "ModelName": name}
        stage.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {**variant, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            ],
        )
    return names


@listing("sagemaker", "ListEndpointConfigs")
def endpoint_configs(stage: Stage) -> Listing:
    names = _configs(stage, "configs")
    return Listing(
        {"EndpointConfigs[].EndpointConfigName": names[::-1]}, {"NameContains": "of-configs"}
    )


@listing("sagemaker", "ListEndpoints")
def endpoints(stage: Stage) -> Listing:
    """They come to nothing, since nobody knows their image; that's told by their status."""
    names = _configs(stage, "endpoints")
    for name in names:
        stage.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name)
    return Listing(
        {"Endpoints[].EndpointName": names[::-1]},
        {"NameContains": "of-endpoints", "SortBy": "CreationTime"},
    )


@listing("sagemaker", "ListNotebookInstanceLifecycleConfigs")
def lifecycle_configs(stage: Stage) -> Listing:
    names = [f"scripts{number}" for number in FIVE]
    for name in names:
        stage.client("sagemaker").create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=name
        )
    shown = "NotebookInstanceLifecycleConfigs[].NotebookInstanceLifecycleConfigName"
    return Listing({shown: names[::-1]}, {"NameContains": "scripts"})


@listing("sagemaker", "ListNotebookInstances")
def notebook_instances(stage: Stage) -> Listing:
    """Their script fails, so that none gets as far as JupyterLab."""
    stage.client("sagemaker").create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="fails",
        OnCreate=[{"Content": base64.b64encode(b"exit 1").decode()}],
    )
    names = [f"notebook{number}" for number in FIVE]
    for name in reversed(names):
        stage.client("sagemaker").create_notebook_instance(
            NotebookInstanceName=name,
            RoleArn=stage.role,
            InstanceType="ml.t3.medium",
            LifecycleConfigName="fails",
        )
    return Listing(
        {"NotebookInstances[].NotebookInstanceName": names}, {"NameContains": "notebook"}
    )


@listing("sagemaker", "ListTags")
def tags(stage: Stage) -> Listing:
    """Pages have fifty at least, and a resource has fifty at most."""
    keys = [f"k{number:02}" for number in range(50)]
    made = stage.client("sagemaker").create_model(
        ModelName="tagged",
        ExecutionRoleArn=stage.role,
        PrimaryContainer={"Image": "none"},
        Tags=[{"Key": key, "Value": "v"} for key in keys],
    )
    return Listing({"Tags[].Key": keys}, {"ResourceArn": made["ModelArn"]}, page_size=50, few=True)


@listing("sagemaker", "ListTrainingJobs")
def training_jobs(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in FIVE]
    for name in names:
        stage.client("sagemaker").create_training_job(
            TrainingJobName=name, **training_request(stage)
        )
    return Listing({"TrainingJobSummaries[].TrainingJobName": names}, {"NameContains": "listed"})


def _tuning_job(stage: Stage, name: str, trials: int) -> None:
    definition = training_request(stage)
    definition["StaticHyperParameters"] = definition.pop("HyperParameters")
    definition["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": "Loss: ([0-9.]+)"}
    ]
    values = [str(number) for number in range(trials)]
    stage.client("sagemaker").create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxParallelTrainingJobs": trials},
            "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "x", "Values": values}]},
        },
        TrainingJobDefinition=definition,
    )


@listing("sagemaker", "ListHyperParameterTuningJobs")
def tuning_jobs(stage: Stage) -> Listing:
    names = [f"searches{number}" for number in range(3)]
    for name in reversed(names):
        _tuning_job(stage, name, 1)
    return Listing(
        {"HyperParameterTuningJobSummaries[].HyperParameterTuningJobName": names},
        {"NameContains": "searches"},
        page_size=1,
    )


@listing("sagemaker", "ListTrainingJobsForHyperParameterTuningJob")
def trials(stage: Stage) -> Listing:
    _tuning_job(stage, "trials", 3)

    def ended() -> bool:
        job = stage.client("sagemaker").describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName="trials"
        )
        assert job["HyperParameterTuningJobStatus"] in ("InProgress", "Completed"), job
        return bool(job["HyperParameterTuningJobStatus"] == "Completed")

    wait_until(ended, 120, "the tuning job has ended")
    return Listing(
        {"TrainingJobSummaries[].TunedHyperParameters.x": ["0", "1", "2"]},
        {"HyperParameterTuningJobName": "trials"},
        page_size=1,
    )
