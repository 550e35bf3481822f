"""What SageMaker's instance types have.

The table is `instance_types.csv`; `scripts/make_instance_types.py` makes it and says from which
sources.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

__all__ = ["PROCESSES", "InstanceType", "InstanceUse", "instance_type", "instance_types"]


PROCESSES = 4096
"""Processes and threads that a host may have at once: room for DataLoaders, not for a fork bomb."""

_OF_THE_MACHINE = 0.9  # how much of this machine's memory an instance may have at most
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class InstanceUse(StrEnum):
    """What SageMaker offers an instance type for: the letters of the table's last column."""

    TRAINING = "T"
    HOSTING = "H"
    PROCESSING = "P"
    TRANSFORM = "B"
    NOTEBOOK = "N"


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A row of the table. `gpu` is the GPU's model, empty where there is none; `storage_gb` the
    size of its own NVMe storage, 0 where it has none and gets a volume instead."""

    name: str
    vcpus: int
    memory_mib: int
    gpus: int
    gpu: str
    storage_gb: int
    uses: frozenset[InstanceUse]

    @property
    def memory_bytes(self) -> int:
        return self.memory_mib << 20

    @property
    def memory(self) -> str:
        """The memory as AWS's tables print it, for example `4 GiB`."""
        return f"{self.memory_mib / 1024:g} GiB"

    @property
    def family(self) -> str:
        """`m5` of `ml.m5.large`."""
        return self.name.split(".")[1]

    def memory_here(self, instances: int = 1) -> int:
        """Bytes that each of so many instances may use: the type's memory, as far as this machine
        has it for all of them."""
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return min(self.memory_bytes, int(machine * _OF_THE_MACHINE / instances))

    def variables(self, threads: int) -> dict[str, str]:
        """What tells libraries how many threads to use, and which GPUs. A type without GPUs must
        not see this machine's, or nobody is ever told what it lacks."""
        count = dict.fromkeys(_THREAD_VARIABLES, str(threads))
        return count | {"CUDA_VISIBLE_DEVICES": ",".join(map(str, range(self.gpus)))}

    def next_larger(self, use: InstanceUse) -> InstanceType | None:
        """The type to try when this one's memory is too small: the next of its family, else of
        the general-purpose m5 and the memory-heavy r5; None if none has more."""
        larger = [
            candidate
            for candidate in instance_types().values()
            if candidate.memory_mib > self.memory_mib and use in candidate.uses
        ]
        for family in (self.family, "m5", "r5"):
            of_family = [candidate for candidate in larger if candidate.family == family]
            if of_family:
                return min(of_family, key=lambda candidate: candidate.memory_mib)
        return None


def instance_type(name: str) -> InstanceType:
    """The type of that name. Raises KeyError; botocore's model has been checked before."""
    return instance_types()[name]


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """All types by name, read at first use."""
    text = resources.files(__package__).joinpath("instance_types.csv").read_text()
    return {
        row["instance_type"]: InstanceType(
            name=row["instance_type"],
            vcpus=int(row["vcpus"]),
            memory_mib=int(row["memory_mib"]),
            gpus=int(row["gpus"]),
            gpu=row["gpu"],
            storage_gb=int(row["storage_gb"]),
            uses=frozenset(map(InstanceUse, row["uses"])),
        )
        for row in csv.DictReader(text.splitlines())
    }
