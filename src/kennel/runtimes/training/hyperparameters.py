"""Hyperparameters: how they are decoded, sorted into the platform's and the user's, and passed on.

The service stores every value as a string; the SDK quotes each as JSON, other clients don't.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["decode", "is_framework_parameter", "is_platform", "to_arguments"]

_PREFIX = "sagemaker_"
_TOOLKIT_OWN = frozenset(
    {
        "_tuning_objective_metric",
        "default_user_module_name",
        "sagemaker_container_log_level",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_job_name",
        "sagemaker_program",
        "sagemaker_region",
        "sagemaker_s3_output",
        "sagemaker_submit_directory",
    }
)


def decode(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Each value as the JSON it holds, or as the plain string it is."""
    return {name: _decoded(value) for name, value in raw.items()}


def _decoded(value: Any) -> Any:
    try:
        return json.loads(value)
    except (ValueError, TypeError):
        return value


def is_platform(name: str) -> bool:
    """Whether a hyperparameter is the platform's: the script does not get it."""
    return name in _TOOLKIT_OWN or name.startswith(_PREFIX)


def is_framework_parameter(name: str) -> bool:
    """Whether a hyperparameter of the platform's is for the framework, not for the toolkit."""
    return name.startswith(_PREFIX) and name not in _TOOLKIT_OWN


def to_arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """`--name value` pairs in the order of the names; `-n value` where the name is one letter.

    Values are written as Python writes them (True, None as an empty string, lists as lists) and
    mappings as `key=value,key=value`.
    """
    arguments: list[str] = []
    for name in sorted(hyperparameters):
        option = f"--{name}" if len(name) > 1 else f"-{name}" if name else ""
        arguments += [option, _argument(hyperparameters[name])]
    return arguments


def _argument(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return "" if value is None else str(value)
