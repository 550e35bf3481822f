"""The life of one tuning job, on a thread of its own.

Each look at the job compares what is stored of it with its training jobs, and does the next thing
that is missing. What a trial will be is stored before its training job is created, so a plane that
is killed at any moment goes on with the same trials and never starts one twice.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from kennel.services.sagemaker.naming import training_job_arn
from kennel.services.sagemaker.training import TrainingJobs
from kennel.services.sagemaker.training.status import JobStatus
from kennel.services.sagemaker.tuning.completion import failure
from kennel.services.sagemaker.tuning.document import Finding, Trial, TuningJob
from kennel.services.sagemaker.tuning.early_stopping import is_hopeless
from kennel.services.sagemaker.tuning.searcher import Searcher, SearchFailed, SearchLost
from kennel.services.sagemaker.tuning.spec import TuningSpec
from kennel.services.sagemaker.tuning.status import ObjectiveStatus, TuningStatus
from kennel.services.sagemaker.tuning.store import TuningStore
from kennel.services.sagemaker.tuning.trials import TrialJobs, hosts_of_trial, trial_name
from kennel.services.service import Parts

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["TuningRun"]

log = logging.getLogger(__name__)

_TICK = 1.0  # wall seconds between two looks when there is no news
_RETRY = 5.0  # wall seconds after a defect
_MOST_LOST = 10  # looks in a row that found the search process dead; then the job fails


class TuningRun:
    """Sees one job to its end. `start` it once; `wake` it when there is news of it."""

    def __init__(
        self,
        parts: Parts,
        store: TuningStore,
        training: TrainingJobs,
        searcher: Searcher,
        context: Context,
        name: str,
    ) -> None:
        """`context` acts as SageMaker in the job's region."""
        self._parts = parts
        self._store = store
        self._training = training
        self._searcher = searcher
        self._context = context
        self._name = name
        self._news = threading.Event()
        self._closing = threading.Event()
        self._findings: list[Finding] = []
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name=f"tuning-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        """Whether the thread has done all that it does."""
        return not self._thread.is_alive()

    def wake(self) -> None:
        """Has the job looked at soon."""
        self._news.set()

    def stop(self) -> None:
        """Tells the thread to end; the next start of the plane goes on."""
        self._closing.set()
        self._news.set()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)
        if self._thread.is_alive():
            log.warning("%s goes on while the plane stops", self._thread.name)

    def _run(self) -> None:
        job = self._store.get(self._name)
        if job is None:
            return
        evidence = self._store.evidence(self._name)
        self._findings = evidence.findings if evidence is not None else []
        spec = TuningSpec.read(job.request)
        side_by_side = min(spec.parallel, job.trials)
        self._training.expect(job.arn, side_by_side * hosts_of_trial(spec))
        try:
            while not self._closing.is_set():
                self._news.clear()
                if self._looked(spec):
                    return
                self._news.wait(_TICK)
        finally:
            self._training.expect(job.arn, 0)

    def _looked(self, spec: TuningSpec) -> bool:
        """Looks at the job once; says whether it has ended."""
        try:
            job = self._store.get(self._name)
            if job is None or job.status.is_terminal:
                return True
            return self._step(job, spec)
        except Exception:  # the thread's boundary: a defect must not leave the job alone for good
            if not self._closing.is_set():
                log.exception("tuning job %s could not go on; trying again", self._name)
                self._closing.wait(_RETRY)
            return False

    def _step(self, job: TuningJob, spec: TuningSpec) -> bool:
        jobs = TrialJobs(self._store, self._training, self._context, job)
        trials = [
            trial if trial.status.is_terminal else self._brought_up(job, jobs, trial, spec)
            for trial in self._store.trials(self._name)
        ]
        job = self._closed_if_done(job, trials, spec)
        if job.is_closing:
            trials = self._wind_up(jobs, trials)
        else:
            self._cut_short(jobs, trials, spec)
        if not job.is_closing and failure(trials, job.trials) is None:
            self._fill(job, jobs, trials, spec)
        reason = failure(trials, job.trials)  # a trial may have been refused at once
        active = [trial for trial in trials if not trial.status.is_terminal]
        if active or not (job.is_closing or reason or len(trials) >= job.trials):
            return False
        return self._end(job, reason)

    def _brought_up(self, job: TuningJob, jobs: TrialJobs, trial: Trial, spec: TuningSpec) -> Trial:
        """A trial that has not ended, as its training job is now; made if it is missing."""
        now = self._parts.clock.wall()
        if not trial.created:
            if jobs.is_there(trial):
                trial = jobs.adopt(trial)
            elif job.is_closing:
                return trial
            else:
                trial = jobs.create(trial, spec, now)
            if not trial.created or trial.status.is_terminal:
                return trial
        return jobs.refresh(trial, spec.metric, now)

    def _closed_if_done(self, job: TuningJob, trials: list[Trial], spec: TuningSpec) -> TuningJob:
        """Sets `closing` once a completion criterion is met; it stays set."""
        late = self._parts.clock.wall() - job.creation_time >= spec.max_runtime
        if job.is_closing or not (late or spec.criteria.met(trials)):
            return job

        def change(stored: TuningJob) -> TuningJob:
            stored.closing = True
            return stored

        return self._store.change(self._name, change) or job

    def _wind_up(self, jobs: TrialJobs, trials: list[Trial]) -> list[Trial]:
        """Stops what runs; returns the trials that there are."""
        left = []
        for trial in trials:
            if not trial.created and not trial.status.is_terminal:
                self._store.drop_trial(trial)
                continue
            if trial.status is JobStatus.IN_PROGRESS:
                jobs.stop(trial)
            left.append(trial)
        return left

    def _cut_short(self, jobs: TrialJobs, trials: list[Trial], spec: TuningSpec) -> None:
        """Stops the running trials that early stopping or Hyperband gives up."""
        if not spec.keeps_values:
            return
        for trial in trials:
            if trial.status is not JobStatus.IN_PROGRESS or not trial.created:
                continue
            if trial.cut_short or self._given_up(trial, trials, spec):
                self._mark_cut_short(trial)
                jobs.stop(trial)

    def _given_up(self, trial: Trial, trials: list[Trial], spec: TuningSpec) -> bool:
        if spec.hyperband is not None:
            return self._falls_at_hurdle(trial, trials, spec)
        forerunners = [
            other.values for other in trials if other.objective_status is ObjectiveStatus.SUCCEEDED
        ]
        return is_hopeless(trial.values, forerunners, maximize=spec.maximize)

    def _falls_at_hurdle(self, trial: Trial, trials: list[Trial], spec: TuningSpec) -> bool:
        """Takes the hurdles that the trial has reached, each once."""
        band = spec.hyperband
        assert band is not None
        bracket = band.bracket(self._name, trial.number)
        rung = trial.rung
        while len(trial.values) >= (hurdle := band.hurdle(bracket, rung)):
            met = [
                other.values[hurdle - 1]
                for other in trials
                if len(other.values) >= hurdle and band.bracket(self._name, other.number) == bracket
            ]
            if not band.goes_on(trial.values[hurdle - 1], met, maximize=spec.maximize):
                return True
            rung += 1
        if rung != trial.rung:
            self._set(trial, rung=rung)
        return len(trial.values) > band.most

    def _mark_cut_short(self, trial: Trial) -> None:
        if not trial.cut_short:
            self._set(trial, cut_short=True)

    def _set(self, trial: Trial, **changes: Any) -> None:
        def change(stored: Trial) -> Trial:
            for name, value in changes.items():
                setattr(stored, name, value)
            return stored

        self._store.change_trial(trial.job, trial.number, change)

    def _fill(self, job: TuningJob, jobs: TrialJobs, trials: list[Trial], spec: TuningSpec) -> None:
        """Starts trials until as many run as may, or all have been started."""
        while not self._closing.is_set():
            active = sum(not trial.status.is_terminal for trial in trials)
            if active >= spec.parallel or len(trials) >= job.trials:
                return
            number = len(trials) + 1
            try:
                parameters = self._searcher.propose(self._question(job, trials, spec, number))
            except SearchFailed as error:
                self._search_failed(job, error)
                return
            self._lost = 0
            name = trial_name(job.name, number)
            trial = Trial(
                job=job.name,
                number=number,
                name=name,
                arn=training_job_arn(job.region, self._parts.account_id, name),
                parameters=parameters,
                creation_time=self._parts.clock.wall(),
            )
            if not self._store.add_trial(trial):
                self._news.set()  # somebody stopped the job meanwhile
                return
            trials.append(jobs.create(trial, spec, self._parts.clock.wall()))

    def _question(
        self, job: TuningJob, trials: list[Trial], spec: TuningSpec, number: int
    ) -> dict[str, Any]:
        """The request to the search process; kennel.runtimes.tuner says what is in it."""
        earlier = [
            {"parameters": f.parameters, "state": "complete", "value": f.value, "own": False}
            for f in self._findings
        ]
        return {
            "strategy": spec.strategy,
            "seed": job.seed,
            "number": number,
            "budget": job.trials,
            "maximize": spec.maximize,
            "space": [parameter.told() for parameter in spec.ranges],
            "trials": earlier + [_told(trial) for trial in trials],
        }

    def _search_failed(self, job: TuningJob, error: SearchFailed) -> None:
        """Without a search there are no more trials, and the job fails; a process that was lost
        is tried again at the next look."""
        self._lost += 1
        lost = isinstance(error, SearchLost) and self._lost < _MOST_LOST
        if lost or self._closing.is_set():
            return
        log.error("tuning job %s: %s", self._name, error)

        def change(stored: TuningJob) -> TuningJob | None:
            if stored.is_closing:
                return None
            stored.closing = True
            stored.failure_reason = f"InternalServerError: {error}"[:1024]
            return stored

        self._store.change(self._name, change)
        self._news.set()

    def _end(self, job: TuningJob, reason: str | None) -> bool:
        def change(stored: TuningJob) -> TuningJob:
            stopping = stored.status is TuningStatus.STOPPING
            if stopping:
                to = TuningStatus.STOPPED
            else:
                stored.failure_reason = stored.failure_reason or reason or ""
                to = TuningStatus.FAILED if stored.failure_reason else TuningStatus.COMPLETED
            stored.move(to, self._parts.clock.wall())
            return stored

        self._store.change(self._name, change)
        return True


def _told(trial: Trial) -> dict[str, Any]:
    """A trial in a request to the search process."""
    told: dict[str, Any] = {"parameters": trial.parameters}
    if trial.objective_status is ObjectiveStatus.PENDING:
        return {**told, "state": "running"}
    if trial.objective_status is ObjectiveStatus.FAILED:
        return {**told, "state": "failed"}
    if trial.cut_short:
        return {**told, "state": "pruned", "values": trial.values}
    return {**told, "state": "complete", "value": trial.objective}
