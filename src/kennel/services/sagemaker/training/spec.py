"""What CreateTrainingJob asks for, checked and typed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.sagemaker.errors import ResourceLimitExceeded
from kennel.services.sagemaker.instance_types import InstanceType, instance_type
from kennel.services.sagemaker.naming import S3Location, s3_location
from kennel.services.sagemaker.training.debugger import with_watching_defaults
from kennel.services.sagemaker.training.patterns import MetricPattern

__all__ = ["MOST_HOSTS", "Channel", "Checkpoints", "TrainingSpec", "with_defaults"]

_DAY = 86_400
_MOST_SECONDS = 28 * _DAY  # MaxRuntimeInSeconds [B]
_CHECKPOINTS = "/opt/ml/checkpoints"
MOST_HOSTS = 20  # of one job; AWS's default quota for all jobs together, and much for one machine
# The hyperparameters by which the SDK's `distribution` asks for a launcher.
_LAUNCHERS = (
    "sagemaker_torch_distributed_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
)

# The members of CreateTrainingJob's structures that Kennel acts on, or that change nothing here.
_MEMBERS: Mapping[str, frozenset[str]] = {
    "AlgorithmSpecification": frozenset(
        {
            "TrainingImage",
            "TrainingInputMode",
            "MetricDefinitions",
            "EnableSageMakerMetricsTimeSeries",
            "ContainerEntrypoint",
            "ContainerArguments",
        }
    ),
    "ResourceConfig": frozenset(
        {"InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId"}
        | {"KeepAlivePeriodInSeconds"}
    ),
    "OutputDataConfig": frozenset({"S3OutputPath", "KmsKeyId", "CompressionType"}),
    "StoppingCondition": frozenset(
        {"MaxRuntimeInSeconds", "MaxWaitTimeInSeconds", "MaxPendingTimeInSeconds"}
    ),
    "CheckpointConfig": frozenset({"S3Uri", "LocalPath"}),
    "InputDataConfig": frozenset(
        {
            "ChannelName",
            "DataSource",
            "ContentType",
            "CompressionType",
            "RecordWrapperType",
            "InputMode",
            "ShuffleConfig",
        }
    ),
    "DataSource": frozenset({"S3DataSource"}),
    "S3DataSource": frozenset({"S3DataType", "S3Uri", "S3DataDistributionType"}),
}


@dataclass(frozen=True, slots=True)
class Channel:
    """An input channel. `manifest` says that `source` is a manifest and not a prefix of keys;
    `sharded`, that each host gets its share of the objects and not all of them."""

    name: str
    source: S3Location
    manifest: bool
    sharded: bool
    input_mode: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Where checkpoints are kept in S3, and the folder they are synced with inside the job."""

    location: S3Location
    local_path: str


@dataclass(frozen=True, slots=True)
class TrainingSpec:
    """A request, read. `command` takes the place of the image's own (empty: it does not);
    `source` is the archive with the user's scripts, None if the request names none. `isolated`
    says that the hosts are to reach one another and nobody else."""

    image: str
    command: tuple[str, ...]
    metrics: tuple[MetricPattern, ...]
    role_arn: str
    channels: tuple[Channel, ...]
    hyperparameters: Mapping[str, str]
    source: S3Location | None
    output: S3Location
    compress: bool
    instance: InstanceType
    hosts: tuple[str, ...]
    volume_bytes: int
    max_runtime: float
    environment: Mapping[str, str]
    checkpoints: Checkpoints | None
    isolated: bool

    @property
    def launcher(self) -> str:
        """The hyperparameter that asks for a launcher of the hosts; empty if none does."""
        asked = (name for name in _LAUNCHERS if _is_true(self.hyperparameters.get(name, "")))
        return next(asked, "")

    @property
    def is_sharded(self) -> bool:
        """Whether the hosts get different data."""
        return any(channel.sharded for channel in self.channels)

    @classmethod
    def read(cls, request: Mapping[str, Any]) -> TrainingSpec:
        """Reads a request that has its defaults. Raises ValidationException for what AWS refuses
        and NotImplementedByKennel for what Kennel does not run."""
        algorithm = _structure(request, "AlgorithmSpecification")
        output = _structure(request, "OutputDataConfig")
        resources = _structure(request, "ResourceConfig")
        if not algorithm.get("TrainingImage"):
            raise ValidationException(
                "AlgorithmSpecification must name a TrainingImage. "
                "Kennel runs no algorithms by AlgorithmName."
            )
        if request.get("EnableManagedSpotTraining"):
            raise NotImplementedByKennel(
                "Kennel does not run managed spot training yet; "
                "leave EnableManagedSpotTraining out."
            )
        _refuse_what_is_not_there(request)
        hyperparameters = request.get("HyperParameters", {})
        return cls(
            image=algorithm["TrainingImage"],
            command=(
                *algorithm.get("ContainerEntrypoint", ()),
                *algorithm.get("ContainerArguments", ()),
            ),
            metrics=_metrics(algorithm),
            role_arn=request["RoleArn"],
            channels=_channels(request.get("InputDataConfig", ()), algorithm["TrainingInputMode"]),
            hyperparameters=hyperparameters,
            source=_source(hyperparameters),
            output=s3_location(output["S3OutputPath"]),
            compress=output.get("CompressionType", "GZIP") == "GZIP",
            instance=_instance(resources),
            hosts=_hosts(resources),
            volume_bytes=_volume_bytes(resources),
            max_runtime=_max_runtime(_structure(request, "StoppingCondition")),
            environment=request.get("Environment", {}),
            checkpoints=_checkpoints(request),
            isolated=bool(request.get("EnableNetworkIsolation")),
        )


def with_defaults(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request with what AWS fills in where it says nothing."""
    resources = request.get("ResourceConfig")
    if resources:
        _known(resources, "ResourceConfig")
    if not resources or "InstanceType" not in resources or "InstanceCount" not in resources:
        raise ValidationException("ResourceConfig must have an InstanceType and an InstanceCount.")
    return {
        **with_watching_defaults(request),
        "ResourceConfig": {"VolumeSizeInGB": 30, **resources},
        "StoppingCondition": {"MaxRuntimeInSeconds": _DAY} | request.get("StoppingCondition", {}),
    }


def _refuse_what_is_not_there(request: Mapping[str, Any]) -> None:
    """Flags that would change what the job's owner or its script can do; False changes nothing."""
    for member, flag in (
        ("RemoteDebugConfig", "EnableRemoteDebug"),
        ("SessionChainingConfig", "EnableSessionTagChaining"),
    ):
        if request.get(member, {}).get(flag):
            raise NotImplementedByKennel(
                f"Kennel does not support {member}.{flag} of CreateTrainingJob; leave it out."
            )


def _structure(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    structure: Mapping[str, Any] = request.get(name, {})
    return _known(structure, name)


def _known(structure: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    for member in structure.keys() - _MEMBERS[name]:
        if structure[member]:
            raise NotImplementedByKennel(
                f"Kennel does not support {name}.{member} of CreateTrainingJob."
            )
    return structure


def _metrics(algorithm: Mapping[str, Any]) -> tuple[MetricPattern, ...]:
    return tuple(
        MetricPattern.read(definition["Name"], definition["Regex"])
        for definition in algorithm.get("MetricDefinitions", ())
    )


def _instance(resources: Mapping[str, Any]) -> InstanceType:
    try:
        return instance_type(resources["InstanceType"])
    except KeyError:
        raise ValidationException(
            f"{resources['InstanceType']} is not an instance type for training."
        ) from None


def _volume_bytes(resources: Mapping[str, Any]) -> int:
    """A type with NVMe storage has that, and no volume whatever the request says [B]."""
    own: int = _instance(resources).storage_gb
    gigabytes: int = own or resources["VolumeSizeInGB"]
    return gigabytes << 30


def _hosts(resources: Mapping[str, Any]) -> tuple[str, ...]:
    """The hosts' names, in the order of their letters as on AWS: algo-10 comes before algo-2 [D:
    "Provide Training Information"]."""
    count = resources["InstanceCount"]
    if count < 1:
        raise ValidationException("InstanceCount must be at least 1.")
    if count > MOST_HOSTS:
        raise ResourceLimitExceeded(
            f"The account-level service limit '{resources['InstanceType']} for training job usage' "
            f"is {MOST_HOSTS} Instances, with current utilization of 0 Instances and a request "
            f"delta of {count} Instances. Kennel runs them all on this machine."
        )
    return tuple(sorted(f"algo-{number}" for number in range(1, count + 1)))


def _is_true(value: str) -> bool:
    """Whether a hyperparameter of the SDK's, JSON in a string, says yes."""
    try:
        return bool(json.loads(value))
    except (ValueError, RecursionError):
        return False


def _max_runtime(condition: Mapping[str, Any]) -> float:
    if "MaxWaitTimeInSeconds" in condition:
        raise ValidationException(
            "Invalid MaxWaitTimeInSeconds. It is supported only when EnableManagedSpotTraining is "
            "set to true"
        )
    seconds = condition["MaxRuntimeInSeconds"]
    if seconds > _MOST_SECONDS:
        raise ValidationException(
            f"MaxRuntimeInSeconds must be at most {_MOST_SECONDS} (28 days), not {seconds}."
        )
    return float(seconds)


def _channels(channels: Iterable[Mapping[str, Any]], default_mode: str) -> tuple[Channel, ...]:
    found = tuple(_channel(channel, default_mode) for channel in channels)
    names = [channel.name for channel in found]
    for name in names:
        if names.count(name) > 1:
            raise ValidationException(f"Channel names must be unique; {name} occurs twice.")
    return found


def _channel(channel: Mapping[str, Any], default_mode: str) -> Channel:
    name = channel["ChannelName"]
    _known(channel, "InputDataConfig")
    source = _known(_known(channel["DataSource"], "DataSource"), "DataSource").get("S3DataSource")
    if source is None:
        raise ValidationException(f"Channel {name} must have an S3DataSource.")
    _known(source, "S3DataSource")
    mode = channel.get("InputMode", default_mode)
    if name in (".", ".."):
        raise ValidationException(f"A channel can't be called {name}.")
    if mode == "Pipe":
        raise NotImplementedByKennel(
            f"Kennel does not run Pipe input mode (channel {name}); use File or FastFile."
        )
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise NotImplementedByKennel(
            f"Kennel does not read {source['S3DataType']} (channel {name}); "
            "use S3Prefix or ManifestFile."
        )
    if channel.get("CompressionType", "None") != "None":
        raise ValidationException(
            f"CompressionType of channel {name} works in Pipe input mode only; leave it out."
        )
    if channel.get("RecordWrapperType", "None") != "None":
        raise NotImplementedByKennel(f"Kennel does not wrap records in RecordIO (channel {name}).")
    return Channel(
        name=name,
        source=s3_location(source["S3Uri"]),
        manifest=source["S3DataType"] == "ManifestFile",
        sharded=source.get("S3DataDistributionType") == "ShardedByS3Key",
        input_mode=mode,
        content_type=channel.get("ContentType", ""),
    )


def _source(hyperparameters: Mapping[str, str]) -> S3Location | None:
    """`sagemaker_submit_directory`, which the SDK sends JSON-quoted. Something that is no S3 URI
    is a path inside the image, and left to the toolkit."""
    value = hyperparameters.get("sagemaker_submit_directory", "")
    try:
        value = json.loads(value)
    except (ValueError, RecursionError):
        pass
    return s3_location(value) if str(value).startswith("s3://") else None


def _checkpoints(request: Mapping[str, Any]) -> Checkpoints | None:
    if "CheckpointConfig" not in request:
        return None
    config = _structure(request, "CheckpointConfig")
    path = PurePosixPath(config.get("LocalPath") or _CHECKPOINTS)
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
        raise ValidationException(f"CheckpointConfig.LocalPath {path} must be an absolute path.")
    for taken in ("/opt/ml/input", "/opt/ml/model", "/opt/ml/output", "/opt/ml/code"):
        if path.is_relative_to(taken) or PurePosixPath(taken).is_relative_to(path):
            raise ValidationException(
                f"CheckpointConfig.LocalPath {path} collides with {taken}; choose another folder."
            )
    return Checkpoints(s3_location(config["S3Uri"]), str(path))
