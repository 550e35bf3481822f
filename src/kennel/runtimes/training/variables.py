"""The SM_ variables of the contract.

Source: ENVIRONMENT_VARIABLES.md and `Environment.to_env_vars` of aws/sagemaker-training-toolkit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from kennel.runtimes import SITE_FOLDER
from kennel.runtimes.process_environment import private_variables, thread_variables
from kennel.runtimes.training import hardware
from kennel.runtimes.training.configuration import Configuration
from kennel.runtimes.training.hyperparameters import is_framework_parameter, to_arguments

__all__ = ["child_environment", "contract_variables", "training_environment"]

_NETWORK_INTERFACE = "eth0"


def training_environment(configuration: Configuration) -> dict[str, Any]:
    """What the toolkit prints as "Training Env" and hands over as SM_TRAINING_ENV."""
    folders = configuration.folders
    groups = configuration.groups
    distribution = configuration.distribution_groups
    return {
        "additional_framework_parameters": {
            name: value
            for name, value in configuration.platform.items()
            if is_framework_parameter(name)
        },
        "channel_input_dirs": {name: folders.channel(name) for name in configuration.channels},
        "current_host": configuration.host,
        "current_instance_group": configuration.group,
        "current_instance_group_hosts": groups.get(configuration.group, {}).get("hosts", []),
        "current_instance_type": configuration.instance_type,
        "distribution_hosts": configuration.distribution_hosts,
        "distribution_instance_groups": distribution,
        "framework_module": configuration.framework_module,
        "hosts": configuration.hosts,
        "hyperparameters": dict(configuration.hyperparameters),
        "input_config_dir": folders.config,
        "input_data_config": dict(configuration.channels),
        "input_dir": folders.input,
        "instance_groups": list(groups),
        "instance_groups_dict": groups,
        "is_hetero": len(groups) > 1,
        "is_master": configuration.host == configuration.master,
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": configuration.job_name,
        "log_level": configuration.log_level,
        "master_hostname": configuration.master,
        "model_dir": folders.model,
        "module_dir": configuration.submit_directory,
        "module_name": configuration.entry_point.removesuffix(".py"),
        "network_interface_name": configuration.resources.get(
            "network_interface_name", _NETWORK_INTERFACE
        ),
        "num_cpus": hardware.cpu_count(),
        "num_gpus": hardware.gpu_count(),
        "num_neurons": hardware.neuron_count(),
        "output_data_dir": folders.output_data,
        "output_dir": folders.output,
        "output_intermediate_dir": folders.output_intermediate,
        "resource_config": dict(configuration.resources),
        "user_entry_point": configuration.entry_point,
    }


# Members of the training environment that have a variable of their own.
_SHARED = (
    "current_host",
    "current_instance_group",
    "current_instance_group_hosts",
    "current_instance_type",
    "distribution_instance_groups",
    "framework_module",
    "hosts",
    "input_config_dir",
    "input_data_config",
    "input_dir",
    "instance_groups",
    "instance_groups_dict",
    "is_hetero",
    "log_level",
    "model_dir",
    "module_dir",
    "module_name",
    "network_interface_name",
    "num_cpus",
    "num_gpus",
    "num_neurons",
    "output_data_dir",
    "output_dir",
    "output_intermediate_dir",
    "resource_config",
    "user_entry_point",
)


def contract_variables(configuration: Configuration, training: Mapping[str, Any]) -> dict[str, str]:
    """The SM_ variables. `training` is this configuration's training environment."""
    values = {name: training[name] for name in _SHARED}
    values |= {
        "channels": sorted(configuration.channels),
        "framework_params": training["additional_framework_parameters"],
        "hps": configuration.hyperparameters,
        "training_env": training,
        "user_args": to_arguments(configuration.hyperparameters),
    }
    values |= {f"channel_{name}": path for name, path in training["channel_input_dirs"].items()}
    values |= {f"hp_{name}": value for name, value in configuration.hyperparameters.items()}
    return {f"SM_{name.upper()}": _text(value) for name, value in values.items()}


def child_environment(
    configuration: Configuration, contract: Mapping[str, str], inherited: Mapping[str, str]
) -> dict[str, str]:
    """The script's whole environment: what this process has, the contract's variables, and what
    PyTorch's container adds to both."""
    path = [configuration.folders.code, SITE_FOLDER, inherited.get("PYTHONPATH", "")]
    return {
        **inherited,
        **thread_variables(inherited),
        **private_variables(inherited),
        **contract,
        "CURRENT_HOST": configuration.host,
        "MASTER_ADDR": configuration.master_address or configuration.master,
        "MASTER_PORT": configuration.master_port,
        # The SDK's third version reads these names instead.
        "SM_MASTER_ADDR": configuration.master_address or configuration.master,
        "SM_MASTER_PORT": configuration.master_port,
        "PYTHONPATH": os.pathsep.join(entry for entry in path if entry),
        "PYTHONUNBUFFERED": "1",
        "SAGEMAKER_BASE_DIR": configuration.folders.base,
        "SAGEMAKER_JOB_NAME": str(configuration.platform.get("sagemaker_job_name") or ""),
        "SAGEMAKER_REGION": configuration.region,
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
