"""Stands in for smdebug, the library in scripts that SageMaker Debugger watches.

Its last release (1.0.34, 2023) wants protobuf 3.20 or older and can't be installed beside today's
packages. Most scripts only import it; those that use it must run too. So the names that scripts
use are here, and they do what smdebug itself does once it has met an error and switched itself off
for the rest of a job (`ErrorHandlingAgent` in awslabs/sagemaker-debugger): calls return, and
nothing is recorded. The job's log says so at the import.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["CollectionKeys", "ReductionConfig", "SaveConfig", "SaveConfigMode", "modes"]

print(
    "[kennel] smdebug is not installed here: a stand-in lets the script run, but its hooks record "
    "nothing, so Debugger has no tensors of this job.",
    file=sys.stderr,
    flush=True,
)


class modes(enum.Enum):
    """What a hook is told of the script's phase."""

    TRAIN = 1
    EVAL = 2
    PREDICT = 3
    GLOBAL = 4


class CollectionKeys:
    """The names of smdebug's default collections."""

    DEFAULT = "default"
    ALL = "all"
    WEIGHTS = "weights"
    BIASES = "biases"
    GRADIENTS = "gradients"
    LOSSES = "losses"
    LAYERS = "layers"
    OUTPUTS = "outputs"
    METRICS = "metrics"
    INPUTS = "inputs"


class SaveConfigMode:
    """When to save in one mode."""

    def __init__(
        self,
        save_interval: int | None = None,
        start_step: int | None = None,
        end_step: int | None = None,
        save_steps: Sequence[int] | None = None,
    ) -> None:
        self.save_interval = 500 if save_interval is None else save_interval
        self.start_step = start_step or 0
        self.end_step = end_step
        self.save_steps = list(save_steps or ())


class SaveConfig(SaveConfigMode):
    """When to save, in every mode or by mode."""

    def __init__(
        self,
        save_interval: int | None = None,
        start_step: int | None = None,
        end_step: int | None = None,
        save_steps: Sequence[int] | None = None,
        mode_save_configs: Mapping[Any, SaveConfigMode] | None = None,
    ) -> None:
        super().__init__(save_interval, start_step, end_step, save_steps)
        self.mode_save_configs = dict(mode_save_configs or {})


class ReductionConfig:
    """What to save of a tensor instead of all of it."""

    def __init__(
        self,
        reductions: Sequence[str] | None = None,
        abs_reductions: Sequence[str] | None = None,
        norms: Sequence[str] | None = None,
        abs_norms: Sequence[str] | None = None,
        save_raw_tensor: bool = False,
        save_shape: bool = False,
    ) -> None:
        self.reductions = list(reductions or ())
        self.abs_reductions = list(abs_reductions or ())
        self.norms = list(norms or ())
        self.abs_norms = list(abs_norms or ())
        self.save_raw_tensor = save_raw_tensor
        self.save_shape = save_shape
