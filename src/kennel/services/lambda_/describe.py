"""A version as the API shows it: botocore's FunctionConfiguration."""

from __future__ import annotations

import hashlib
import platform
import time
from typing import TYPE_CHECKING, Any

from kennel.services.lambda_.document import State, Version
from kennel.services.lambda_.naming import LATEST, function_arn

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["describe", "log_group", "runtime_arn", "timestamp"]


def describe(ctx: Context, version: Version, qualifier: str = "") -> dict[str, Any]:
    """FunctionConfiguration. `qualifier` is the version or alias that was asked for, so that the
    ARN names it; a published version's names it always."""
    shown = qualifier or ("" if version.version == LATEST else version.version)
    result: dict[str, Any] = {
        "FunctionName": version.function,
        "FunctionArn": function_arn(ctx, version.function, shown),
        "Runtime": version.runtime,
        "Role": version.role,
        "Handler": version.handler,
        "CodeSize": version.code.size,
        "CodeSha256": version.code.sha256,
        "Description": version.description,
        "Timeout": version.timeout,
        "MemorySize": version.memory,
        "LastModified": timestamp(version.last_modified),
        "Version": version.version,
        "RevisionId": version.revision_id,
        "PackageType": "Zip",
        "Architectures": version.architectures,
        "EphemeralStorage": {"Size": version.ephemeral_storage},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "RuntimeVersionConfig": {"RuntimeVersionArn": runtime_arn(ctx.region)},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": log_group(version)},
        "State": version.state,
        **version.stored,
    }
    if version.environment:
        result["Environment"] = {"Variables": version.environment}
    if version.state is not State.PENDING:
        result["LastUpdateStatus"] = version.update
    for name, text in (
        ("StateReason", version.state_reason),
        ("StateReasonCode", version.state_reason_code),
        ("LastUpdateStatusReason", version.update_reason),
        ("LastUpdateStatusReasonCode", version.update_reason_code),
    ):
        if text:
            result[name] = text
    return result


def log_group(version: Version) -> str:
    """Where the version's environments log to."""
    return version.log_group or f"/aws/lambda/{version.function}"


def timestamp(seconds: float) -> str:
    """LastModified's form: `2026-01-31T12:00:00.000+0000`."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}+0000"


def runtime_arn(region: str) -> str:
    """Names the Python that functions run on, in the form of AWS's runtime versions."""
    digest = hashlib.sha256(f"kennel python {platform.python_version()}".encode()).hexdigest()
    return f"arn:aws:lambda:{region}::runtime:{digest}"
