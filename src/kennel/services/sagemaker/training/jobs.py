"""Training jobs."""

from __future__ import annotations

from typing import ClassVar

from kennel.services.sagemaker.noun import Noun
from kennel.services.sagemaker.tags import Tags
from kennel.services.service import Parts

__all__ = ["TrainingJobs"]


class TrainingJobs(Noun):
    """Training jobs: their operations, and the threads that run them."""

    kinds: ClassVar[frozenset[str]] = frozenset({"training-job"})

    def __init__(self, parts: Parts, tags: Tags) -> None:
        super().__init__(parts)
        self._tags = tags
