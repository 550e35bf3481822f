"""The stored training jobs; every change of one is guarded by what it was made for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from kennel.clock import Clock
from kennel.services.sagemaker.tags import Tags
from kennel.services.sagemaker.training.document import (
    COLLECTION,
    TrainingJob,
    TrainingJobSummary,
)
from kennel.services.sagemaker.training.events import Listeners
from kennel.services.sagemaker.training.status import SecondaryStatus
from kennel.store import Collection, Database

__all__ = ["JobStore"]


class JobStore:
    """Training jobs by name."""

    def __init__(self, database: Database, clock: Clock, tags: Tags, listeners: Listeners) -> None:
        self._database = database
        self._clock = clock
        self._tags = tags
        self._listeners = listeners
        self._jobs = Collection(database, COLLECTION, TrainingJob)
        self._summaries = Collection(database, COLLECTION, TrainingJobSummary)

    def get(self, name: str) -> TrainingJob | None:
        return self._jobs.get(name)

    def summaries(self) -> list[TrainingJobSummary]:
        """All jobs as listing needs them, by name."""
        return [summary for _, summary in self._summaries.list()]

    def add(self, job: TrainingJob, tags: Mapping[str, str]) -> bool:
        """Stores a new job with its tags, unless the name is taken; says whether it did."""

        def work(connection: sqlite3.Connection) -> bool:
            if not self._jobs.add_in(connection, job.name, job):
                return False
            self._tags.put_in(connection, job.arn, tags)
            return True

        added = self._database.write(work)
        if added:
            self._listeners.changed(job)
        return added

    def remove(self, name: str, allow: Callable[[TrainingJob], bool]) -> TrainingJob | None:
        """Deletes a job and its tags if `allow` says so; returns the job as it was found."""

        def work(connection: sqlite3.Connection) -> TrainingJob | None:
            job = self._jobs.get_in(connection, name)
            if job is not None and allow(job):
                self._jobs.delete_in(connection, name)
                self._tags.delete_in(connection, job.arn)
            return job

        return self._database.write(work)

    def change(
        self, name: str, change: Callable[[TrainingJob], TrainingJob | None]
    ) -> TrainingJob | None:
        """Changes a job as `Collection.update` does; a new secondary status is told."""
        before: list[SecondaryStatus] = []

        def guarded(job: TrainingJob) -> TrainingJob | None:
            before[:] = [job.secondary]
            return change(job)

        job = self._jobs.update(name, guarded)
        if job is not None and before and job.secondary is not before[0]:
            self._listeners.changed(job)
        return job

    def move(
        self,
        job: TrainingJob,
        to: SecondaryStatus,
        also: Callable[[TrainingJob], None] | None = None,
    ) -> bool:
        """Moves a job on from where `job` says it is, with the changes that `also` makes.

        False if it is no longer there: somebody stopped it meanwhile.
        """
        moved: list[bool] = []

        def change(stored: TrainingJob) -> TrainingJob | None:
            if stored.secondary is not job.secondary or stored.attempt != job.attempt:
                return None
            if also is not None:
                also(stored)
            stored.move(to, self._clock.wall())
            moved.append(True)
            return stored

        self.change(job.name, change)
        return bool(moved)
