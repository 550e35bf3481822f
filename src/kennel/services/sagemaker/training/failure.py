"""Why a training job failed, in AWS's words."""

from __future__ import annotations

import os
from pathlib import Path

from kennel.engine import Exit
from kennel.services.sagemaker.instance_types import InstanceType, InstanceUse

__all__ = ["INTERNAL_ERROR", "REASON_LIMIT", "failure_reason", "read_failure_file"]

REASON_LIMIT = 1024  # characters of FailureReason, and of the failure file that are read [B, D]

INTERNAL_ERROR = (
    "InternalServerError: We encountered an internal error. Please try again. "
    "The plane's log says more."
)


def read_failure_file(path: Path) -> str:
    """The first characters of `output/failure`; empty if it is not there or no plain file."""
    try:
        # The script may have put anything here, a pipe or a link to somebody's keys included.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        data = os.read(descriptor, 4 * REASON_LIMIT)
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return data.decode("utf-8", "replace")[:REASON_LIMIT]


def failure_reason(
    end: Exit, text: str, instance: InstanceType, memory_bytes: int, host: str = ""
) -> str:
    """FailureReason of a process that ended badly. `text` is what its failure file said,
    `memory_bytes` what it was allowed. `host` is named if it is given."""
    if end.out_of_memory:
        which = f" It was host {host}." if host else ""
        return _out_of_memory(instance, memory_bytes) + which
    suffix = f", exit code: {end.code}" + (f", host: {host}" if host else "")
    prefix = "AlgorithmError: "
    return prefix + text[: REASON_LIMIT - len(prefix) - len(suffix)] + suffix


def _out_of_memory(instance: InstanceType, memory_bytes: int) -> str:
    """AWS says the first sentence [O]; the rest is what people then have to find out."""
    said = (
        "ClientError: Please use an instance type with more memory, or reduce the size of job "
        "data processed on an instance."
    )
    if memory_bytes < instance.memory_bytes:
        return (
            f"{said} The job was killed at {memory_bytes / 2**30:.1f} GiB, which is all that this "
            f"machine can give it; an {instance.name} has {instance.memory}. Run fewer jobs or "
            "instances at once, or a smaller one."
        )
    larger = instance.next_larger(InstanceUse.TRAINING)
    advice = (
        f" The next size to try is {larger.name} with {larger.memory}."
        if larger is not None
        else " No instance type has more."
    )
    return f"{said} The job was killed at the {instance.memory} of an {instance.name}.{advice}"
