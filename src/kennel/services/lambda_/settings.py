"""A function's settings: what CreateFunction and UpdateFunctionConfiguration take, checked.

Bounds and names are from the API reference ("CreateFunction") and "Lambda quotas". Parameters that
would need what Kennel does not run are refused by name, not forgotten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.lambda_.document import Version
from kennel.services.lambda_.errors import InvalidParameterValueException

__all__ = ["RESERVED_VARIABLES", "apply_settings", "refuse_unsupported"]

RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
"""Variables that the platform sets ("Defined runtime environment variables")."""

_PYTHON = re.compile(r"python3\.(9|1[0-3])")
_VARIABLE = re.compile(r"[a-zA-Z]\w*")
_MOST_VARIABLES = 4096  # bytes of all names and values, as JSON
_STORED = ("DeadLetterConfig", "KMSKeyArn", "TracingConfig", "VpcConfig")
_REFUSED = (
    "AcceleratorConfig",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DurableConfig",
    "FileSystemConfigs",
    "ImageConfig",
    "Layers",
    "PublishTo",
    "RuntimeConfig",
    "TenancyConfig",
)


def refuse_unsupported(parameters: Mapping[str, Any]) -> None:
    """Raises for parameters that Kennel can't honour. Empty ones ask for nothing."""
    for name in _REFUSED:
        if parameters.get(name):
            raise NotImplementedByKennel(f"Kennel's functions have no {name}. Leave it out.")
    if parameters.get("PackageType", "Zip") != "Zip":
        raise InvalidParameterValueException(
            "Kennel runs functions from zip archives only. Use PackageType Zip."
        )
    if (parameters.get("DeadLetterConfig") or {}).get("TargetArn"):
        raise NotImplementedByKennel("Kennel has no dead-letter queues. Leave it out.")
    if (parameters.get("SnapStart") or {}).get("ApplyOn", "None") != "None":
        raise NotImplementedByKennel("Kennel has no SnapStart. Leave it out.")


def apply_settings(version: Version, given: Mapping[str, Any]) -> None:
    """Changes a version by the parameters that are in `given` and not None.

    Raises ValidationException and InvalidParameterValueException; the version may be half changed
    then, and must be thrown away.
    """
    if (runtime := given.get("Runtime")) is not None:
        version.runtime = _runtime(runtime)
    if (handler := given.get("Handler")) is not None:
        version.handler = handler
    if (description := given.get("Description")) is not None:
        version.description = description
    if (timeout := given.get("Timeout")) is not None:
        version.timeout = _within("timeout", timeout, 1, 900)
    if (memory := given.get("MemorySize")) is not None:
        version.memory = _within("memorySize", memory, 128, 10_240)
    if (storage := given.get("EphemeralStorage")) is not None:
        version.ephemeral_storage = _within("ephemeralStorage.size", storage["Size"], 512, 10_240)
    if (environment := given.get("Environment")) is not None:
        version.environment = _variables(environment.get("Variables") or {})
    if architectures := given.get("Architectures"):
        version.architectures = _architectures(architectures)
    if (logging := given.get("LoggingConfig")) is not None:
        version.log_group = _log_group(logging, version.function)
    for name in _STORED:
        if given.get(name) is not None:
            version.stored[name] = given[name]


def _runtime(name: str) -> str:
    if not _PYTHON.fullmatch(name):
        raise InvalidParameterValueException(
            f"Kennel does not run the runtime {name}. It runs python3.9 to python3.13, by the "
            "Python that it is installed in."
        )
    return name


def _within(name: str, value: int, low: int, high: int) -> int:
    if low <= value <= high:
        return value
    bound = f"greater than or equal to {low}" if value < low else f"less than or equal to {high}"
    raise ValidationException(
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must have value {bound}"
    )


def _variables(variables: Mapping[str, str]) -> dict[str, str]:
    prefix = (
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided "
    )
    reserved = sorted(RESERVED_VARIABLES & variables.keys())
    if reserved:
        raise InvalidParameterValueException(
            f"{prefix}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise InvalidParameterValueException(
                f"{prefix}contains a name or a value that can't be set: {name}"
            )
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > _MOST_VARIABLES:
        raise InvalidParameterValueException(
            f"{prefix}exceeded the 4KB limit. String measured: {measured[:512]}"
        )
    return dict(variables)


def _architectures(given: Sequence[str]) -> list[str]:
    if len(given) != 1:
        raise InvalidParameterValueException("Architectures must have one value.")
    return list(given)


def _log_group(config: Mapping[str, Any], function: str) -> str:
    if config.get("LogFormat", "Text") != "Text":
        raise NotImplementedByKennel("Kennel writes functions' logs as text. Use LogFormat Text.")
    group: str = config.get("LogGroup") or ""
    return "" if group == f"/aws/lambda/{function}" else group
