"""What the job's files and environment ask for."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kennel.runtimes.training import hyperparameters
from kennel.runtimes.training.errors import ConfigurationError
from kennel.runtimes.training.folders import Folders

__all__ = ["Configuration", "read"]

_INFO = 20
_MASTER_PORT = "7777"
# What asks for torchrun, or for what torchrun does as well. The SDK's `pytorchddp` is the second,
# or the third since it rewrites that as if the library `smdistributed` had been asked for.
SMDISTRIBUTED = "sagemaker_distributed_dataparallel_enabled"
_TORCHRUN = (
    "sagemaker_torch_distributed_enabled",
    "sagemaker_pytorch_ddp_enabled",
    SMDISTRIBUTED,
)
_OTHER_LAUNCHERS = (
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """One host's part in a job. `hyperparameters` are the user's, `platform` those that start
    with sagemaker_; values are decoded."""

    folders: Folders
    hyperparameters: Mapping[str, Any]
    platform: Mapping[str, Any]
    channels: Mapping[str, Any]
    resources: Mapping[str, Any]
    entry_point: str
    submit_directory: str
    framework_module: str
    log_level: int
    job_name: str
    region: str
    master_address: str
    master_port: str

    @property
    def hosts(self) -> list[str]:
        return list(self.resources["hosts"])

    @property
    def host(self) -> str:
        return str(self.resources["current_host"])

    @property
    def instance_type(self) -> str:
        return str(self.resources.get("current_instance_type", "local"))

    @property
    def group(self) -> str:
        return str(self.resources.get("current_group_name", "homogeneousCluster"))

    @property
    def groups(self) -> dict[str, Any]:
        """The instance groups by name."""
        groups = self.resources.get("instance_groups") or []
        return {group["instance_group_name"]: group for group in groups}

    @property
    def distribution_groups(self) -> list[str]:
        """The groups whose hosts train together; none when each trains by itself."""
        named = self.platform.get("sagemaker_distribution_instance_groups")
        if named is not None:
            return list(named)
        return [self.group] if self.wants_torchrun else []

    @property
    def distribution_hosts(self) -> list[str]:
        if not self.groups:
            return self.hosts
        chosen = (self.groups[name] for name in self.distribution_groups if name in self.groups)
        return [host for group in chosen for host in group["hosts"]]

    @property
    def master(self) -> str:
        return (self.distribution_hosts or self.hosts)[0]

    @property
    def is_distributed(self) -> bool:
        """Whether this host is one of those that torchrun joins."""
        return self.wants_torchrun and self.group in self.distribution_groups

    @property
    def wants_torchrun(self) -> bool:
        return any(self.platform.get(name) for name in _TORCHRUN)


def read(environment: Mapping[str, str]) -> Configuration:
    """Reads the configuration files. Raises ConfigurationError."""
    folders = Folders.of(environment)
    values = hyperparameters.decode(_json(folders, "hyperparameters.json", {}))
    platform = {name: value for name, value in values.items() if hyperparameters.is_platform(name)}
    for launcher in _OTHER_LAUNCHERS:
        if platform.get(launcher):
            raise ConfigurationError(
                f"The hyperparameter {launcher} asks for a launcher that Kennel does not have. "
                'Use distribution={"torch_distributed": {"enabled": True}} (the SDK takes it with '
                "a GPU type, such as ml.g4dn.xlarge), or none."
            )
    resources = _json(folders, "resourceconfig.json", {})
    resources = {"current_host": "algo-1", "hosts": ["algo-1"]} | resources
    entry_point = environment.get("SAGEMAKER_PROGRAM") or platform.get("sagemaker_program")
    if not entry_point:
        raise ConfigurationError(
            "The job names no script: neither the hyperparameter sagemaker_program nor the "
            "variable SAGEMAKER_PROGRAM is set. Set one to the script's path in its archive."
        )
    return Configuration(
        folders=folders,
        hyperparameters={n: v for n, v in values.items() if n not in platform},
        platform=platform,
        channels=_json(folders, "inputdataconfig.json", {}),
        resources=resources,
        entry_point=str(entry_point),
        submit_directory=str(
            platform.get("sagemaker_submit_directory")
            or environment.get("SAGEMAKER_SUBMIT_DIRECTORY")
            or folders.code
        ),
        framework_module=environment.get("SAGEMAKER_TRAINING_MODULE")
        or "sagemaker_pytorch_container.training:main",
        log_level=_log_level(platform.get("sagemaker_container_log_level"), environment),
        job_name=environment.get("TRAINING_JOB_NAME")
        or str(platform.get("sagemaker_job_name") or ""),
        region=str(platform.get("sagemaker_region") or environment.get("AWS_REGION") or ""),
        # Several jobs share one machine, so the port need not be AWS's; nor the name known.
        master_address=environment.get("KENNEL_MASTER_ADDR", ""),
        master_port=environment.get("KENNEL_MASTER_PORT") or _MASTER_PORT,
    )


def _log_level(asked: Any, environment: Mapping[str, str]) -> int:
    value = asked if asked is not None else environment.get("SAGEMAKER_CONTAINER_LOG_LEVEL", _INFO)
    try:
        return int(value)
    except (TypeError, ValueError):
        return _INFO


def _json(folders: Folders, name: str, default: dict[str, Any]) -> dict[str, Any]:
    path = os.path.join(folders.config, name)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        return default
    except ValueError as error:
        raise ConfigurationError(f"The file {path} is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"The file {path} must hold a JSON object.")
    return content
