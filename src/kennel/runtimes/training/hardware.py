"""What this machine has, as the toolkit counts it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

__all__ = ["cpu_count", "gpu_count", "neuron_count"]

_SECONDS = 10


def cpu_count() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpu_count() -> int:
    """The NVIDIA GPUs that the driver lists; none where its tool is missing."""
    listing = _output_of("nvidia-smi", "--list-gpus")
    return sum(line.startswith("GPU ") for line in listing.splitlines())


def neuron_count() -> int:
    """The Neuron cores that the driver lists; none where its tool is missing."""
    try:
        devices: list[dict[str, Any]] = json.loads(_output_of("neuron-ls", "-j") or "[]")
    except ValueError:
        return 0
    return sum(int(device.get("nc_count", 0)) for device in devices)


def _output_of(tool: str, *arguments: str) -> str:
    path = shutil.which(tool)
    if path is None:
        return ""
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
