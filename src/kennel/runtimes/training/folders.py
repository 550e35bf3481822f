"""The tree below /opt/ml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Folders"]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the contract's files lie below `base`."""

    base: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Folders:
        return cls(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml")

    @property
    def code(self) -> str:
        return os.path.join(self.base, "code")

    @property
    def model(self) -> str:
        return os.path.join(self.base, "model")

    @property
    def input(self) -> str:
        return os.path.join(self.base, "input")

    @property
    def config(self) -> str:
        return os.path.join(self.base, "input", "config")

    @property
    def archive(self) -> str:
        """The source archive, brought here from S3 before the start."""
        return os.path.join(self.base, "input", "code", "sourcedir.tar.gz")

    @property
    def output(self) -> str:
        return os.path.join(self.base, "output")

    @property
    def output_data(self) -> str:
        return os.path.join(self.base, "output", "data")

    @property
    def output_intermediate(self) -> str:
        return os.path.join(self.base, "output", "intermediate")

    @property
    def overlay(self) -> str:
        return os.path.join(self.base, "overlay")

    def channel(self, name: str) -> str:
        return os.path.join(self.base, "input", "data", name)

    def create(self) -> None:
        """Makes the folders that a script may write to without asking."""
        checkpoints = os.path.join(self.base, "checkpoints")
        for folder in (self.model, self.output_data, checkpoints):
            os.makedirs(folder, exist_ok=True)
