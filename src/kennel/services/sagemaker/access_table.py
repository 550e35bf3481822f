"""What SageMaker's operations need to be allowed.

Source: "Actions, resources, and condition keys for Amazon SageMaker" of the Service Authorization
Reference. Roles are not here: whoever is handed one asks for iam:PassRole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kennel.services.access_rules import Need, need

__all__ = ["ACCESS_TABLE", "MODEL_ARNS"]

MODEL_ARNS = "-ModelArns"
"""The ARNs of the variants' models, which the service makes before the table is asked."""

_CONFIG = "endpoint-config/{EndpointConfigName}"
_ENDPOINT = "endpoint/{EndpointName}"
_JOB = "training-job/{TrainingJobName}"
_LIFECYCLE = "notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}"
_MODEL = "model/{ModelName}"
_NOTEBOOK = "notebook-instance/{NotebookInstanceName}"
_TUNING = "hyper-parameter-tuning-job/{HyperParameterTuningJobName}"

_NOTEBOOK_KEYS = {
    "sagemaker:AcceleratorTypes": "AcceleratorTypes",
    "sagemaker:InstanceTypes": "InstanceType",
    "sagemaker:MinimumInstanceMetadataServiceVersion": (
        "InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion"
    ),
    "sagemaker:RootAccess": "RootAccess",
}
_VPC_KEYS = {
    "sagemaker:VpcSecurityGroupIds": "VpcConfig.SecurityGroupIds",
    "sagemaker:VpcSubnets": "VpcConfig.Subnets",
}
_FILES = "InputDataConfig.DataSource.FileSystemDataSource"
_JOB_KEYS = {
    **_VPC_KEYS,
    "sagemaker:FileSystemAccessMode": f"{_FILES}.FileSystemAccessMode",
    "sagemaker:FileSystemDirectoryPath": f"{_FILES}.DirectoryPath",
    "sagemaker:FileSystemId": f"{_FILES}.FileSystemId",
    "sagemaker:FileSystemType": f"{_FILES}.FileSystemType",
    "sagemaker:InstanceTypes": (
        "ResourceConfig.InstanceType|ResourceConfig.InstanceGroups.InstanceType"
    ),
    "sagemaker:InterContainerTrafficEncryption": "EnableInterContainerTrafficEncryption",
    "sagemaker:MaxRuntimeInSeconds": "StoppingCondition.MaxRuntimeInSeconds",
    "sagemaker:NetworkIsolation": "EnableNetworkIsolation",
    "sagemaker:OutputKmsKey": "OutputDataConfig.KmsKeyId",
    "sagemaker:VolumeKmsKey": "ResourceConfig.VolumeKmsKeyId",
}


def _below(parents: Sequence[str], keys: Mapping[str, str]) -> dict[str, str]:
    """The same keys for structures that lie inside others."""
    return {
        name: "|".join(f"{parent}.{path}" for parent in parents for path in paths.split("|"))
        for name, paths in keys.items()
    }


_TUNING_KEYS = _below(("TrainingJobDefinition", "TrainingJobDefinitions"), _JOB_KEYS)
_TUNING_KEYS["sagemaker:InstanceTypes"] += "".join(
    f"|{parent}.HyperParameterTuningResourceConfig.{path}"
    for parent in ("TrainingJobDefinition", "TrainingJobDefinitions")
    for path in ("InstanceType", "InstanceConfigs.InstanceType")
)


def _creating(
    noun: str, resource: str, keys: Mapping[str, str] | None = None, *others: Need
) -> tuple[Need, ...]:
    """What makes a resource; with tags, they are added to it too."""
    operation = f"Create{noun}"
    adding = {"sagemaker:TaggingAction": f"={operation}"}
    return (
        need(operation, resource, tags="Tags", keys=keys),
        *others,
        need("AddTags", resource, tags="Tags", keys=adding, when="Tags"),
    )


def _on(resource: str, *operations: str) -> dict[str, tuple[Need, ...]]:
    """Operations that need the action of their own name on one thing and nothing else."""
    return {operation: (need(operation, resource),) for operation in operations}


ACCESS_TABLE: Mapping[str, Sequence[Need]] = {
    **_on(
        "*",
        "ListEndpointConfigs",
        "ListEndpoints",
        "ListHyperParameterTuningJobs",
        "ListModels",
        "ListNotebookInstanceLifecycleConfigs",
        "ListNotebookInstances",
        "ListTrainingJobs",
    ),
    **_on(_CONFIG, "DeleteEndpointConfig", "DescribeEndpointConfig"),
    **_on(_ENDPOINT, "DeleteEndpoint", "DescribeEndpoint", "UpdateEndpointWeightsAndCapacities"),
    **_on(_JOB, "DeleteTrainingJob", "DescribeTrainingJob", "StopTrainingJob"),
    **_on(
        _LIFECYCLE,
        "DeleteNotebookInstanceLifecycleConfig",
        "DescribeNotebookInstanceLifecycleConfig",
        "UpdateNotebookInstanceLifecycleConfig",
    ),
    **_on(_MODEL, "DeleteModel", "DescribeModel"),
    **_on(
        _NOTEBOOK,
        "CreatePresignedNotebookInstanceUrl",
        "DeleteNotebookInstance",
        "DescribeNotebookInstance",
        "StartNotebookInstance",
        "StopNotebookInstance",
    ),
    **_on(
        _TUNING,
        "DeleteHyperParameterTuningJob",
        "DescribeHyperParameterTuningJob",
        "ListTrainingJobsForHyperParameterTuningJob",
        "StopHyperParameterTuningJob",
    ),
    "AddTags": (need("AddTags", "{ResourceArn}", tags="Tags"),),
    "CreateEndpoint": _creating(
        "Endpoint", _ENDPOINT, None, need("CreateEndpoint", _CONFIG, tags="Tags")
    ),
    "CreateEndpointConfig": _creating(
        "EndpointConfig",
        _CONFIG,
        {
            "sagemaker:AcceleratorTypes": "ProductionVariants.AcceleratorType",
            "sagemaker:InstanceTypes": "ProductionVariants.InstanceType",
            "sagemaker:ModelArn": MODEL_ARNS,
            "sagemaker:ServerlessMaxConcurrency": (
                "ProductionVariants.ServerlessConfig.MaxConcurrency"
            ),
            "sagemaker:ServerlessMemorySize": (
                "ProductionVariants.ServerlessConfig.MemorySizeInMB"
            ),
            "sagemaker:VolumeKmsKey": "KmsKeyId",
        },
    ),
    "CreateHyperParameterTuningJob": _creating("HyperParameterTuningJob", _TUNING, _TUNING_KEYS),
    "CreateModel": _creating(
        "Model", _MODEL, _VPC_KEYS | {"sagemaker:NetworkIsolation": "EnableNetworkIsolation"}
    ),
    "CreateNotebookInstance": _creating(
        "NotebookInstance",
        _NOTEBOOK,
        _NOTEBOOK_KEYS
        | {
            "sagemaker:DirectInternetAccess": "DirectInternetAccess",
            "sagemaker:VolumeKmsKey": "KmsKeyId",
            "sagemaker:VpcSecurityGroupIds": "SecurityGroupIds",
            "sagemaker:VpcSubnets": "SubnetId",
        },
    ),
    "CreateNotebookInstanceLifecycleConfig": _creating(
        "NotebookInstanceLifecycleConfig", _LIFECYCLE
    ),
    "CreateTrainingJob": _creating(
        "TrainingJob",
        _JOB,
        _JOB_KEYS
        | {
            "sagemaker:EnableRemoteDebug": "RemoteDebugConfig.EnableRemoteDebug",
            "sagemaker:KeepAlivePeriod": "ResourceConfig.KeepAlivePeriodInSeconds",
        },
    ),
    "DeleteTags": (need("DeleteTags", "{ResourceArn}", tags="TagKeys"),),
    "ListTags": (need("ListTags", "{ResourceArn}"),),
    "UpdateEndpoint": (need("UpdateEndpoint", _ENDPOINT), need("UpdateEndpoint", _CONFIG)),
    "UpdateNotebookInstance": (need("UpdateNotebookInstance", _NOTEBOOK, keys=_NOTEBOOK_KEYS),),
}
