"""The stored tuning jobs and their trials."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from kennel.services.sagemaker.tags import Tags
from kennel.services.sagemaker.tuning.document import Evidence, Trial, TuningJob
from kennel.store import Collection, Database

__all__ = ["TuningStore"]


class TuningStore:
    """Tuning jobs by name; trials by their job's name and their number."""

    def __init__(self, database: Database, tags: Tags) -> None:
        self._database = database
        self._tags = tags
        self._jobs = Collection(database, "sagemaker.tuning-jobs", TuningJob)
        self._trials = Collection(database, "sagemaker.tuning-trials", Trial)
        self._evidence = Collection(database, "sagemaker.tuning-evidence", Evidence)

    def get(self, name: str) -> TuningJob | None:
        return self._jobs.get(name)

    def jobs(self) -> list[TuningJob]:
        """All jobs, by name."""
        return [job for _, job in self._jobs.list()]

    def trials(self, job: str) -> list[Trial]:
        """A job's trials, by number."""
        return [trial for _, trial in self._trials.list(f"{job}/")]

    def trial(self, job: str, number: int) -> Trial | None:
        return self._trials.get(_key(job, number))

    def evidence(self, job: str) -> Evidence | None:
        """What a job's warm start began with; None if it has none."""
        return self._evidence.get(job)

    def add(self, job: TuningJob, evidence: Evidence | None, tags: Mapping[str, str]) -> bool:
        """Stores a new job, unless the name is taken; says whether it did."""

        def work(connection: sqlite3.Connection) -> bool:
            if not self._jobs.add_in(connection, job.name, job):
                return False
            if evidence is not None:
                self._evidence.put_in(connection, job.name, evidence)
            self._tags.put_in(connection, job.arn, tags)
            return True

        return self._database.write(work)

    def change(
        self, name: str, change: Callable[[TuningJob], TuningJob | None]
    ) -> TuningJob | None:
        """Changes a job as `Collection.update` does."""
        return self._jobs.update(name, change)

    def add_trial(self, trial: Trial) -> bool:
        """Stores a new trial while its job is going on; says whether it did. From here on the
        trial counts, whether its training job is there yet or not."""

        def work(connection: sqlite3.Connection) -> bool:
            job = self._jobs.get_in(connection, trial.job)
            if job is None or job.is_closing:
                return False
            return self._trials.add_in(connection, _key(trial.job, trial.number), trial)

        return self._database.write(work)

    def change_trial(
        self, job: str, number: int, change: Callable[[Trial], Trial | None]
    ) -> Trial | None:
        """Changes a trial as `Collection.update` does."""
        return self._trials.update(_key(job, number), change)

    def change_trial_soon(
        self, job: str, number: int, change: Callable[[Trial], Trial | None]
    ) -> Future[Trial | None]:
        """Like `change_trial` without waiting; what is written after it is on disk after it."""
        return self._database.write_soon(
            lambda connection: self._trials.update_in(connection, _key(job, number), change)
        )

    def drop_trial(self, trial: Trial) -> None:
        """Forgets a trial whose training job was never created."""
        self._trials.delete(_key(trial.job, trial.number))

    def remove(self, name: str) -> TuningJob | None:
        """Deletes a job that has ended, with its trials and tags; returns it as it was found."""

        def work(connection: sqlite3.Connection) -> TuningJob | None:
            job = self._jobs.get_in(connection, name)
            if job is not None and job.status.is_terminal:
                for key, _ in self._trials.list_in(connection, f"{name}/"):
                    self._trials.delete_in(connection, key)
                self._evidence.delete_in(connection, name)
                self._jobs.delete_in(connection, name)
                self._tags.delete_in(connection, job.arn)
            return job

        return self._database.write(work)


def _key(job: str, number: int) -> str:
    return f"{job}/{number:03d}"
