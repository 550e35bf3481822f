"""The record: what is told is collected in memory and written together, off the request's way."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from kennel.decisions.entry import Outcome, Reason, RecordedDecision
from kennel.decisions.folding import patterns_of
from kennel.decisions.rows import (
    Batch,
    Pending,
    PendingKey,
    Query,
    last_uses,
    read_rows,
    write_rows,
)
from kennel.policy import AccessRequest, Decision
from kennel.store import Database

__all__ = ["DecisionRecord"]

log = logging.getLogger(__name__)

_INTERVAL = 0.5  # wall seconds between two writes; what a plane that is killed may not have kept
_RETRY = 5.0  # the same after a write that failed: a full disk is not full for long
_PENDING_LIMIT = 20_000  # different calls waiting to be written; beyond, resources are folded
_BATCH = 500  # rows a write: other writers wait for no more than some milliseconds


class DecisionRecord:
    """Counts decisions by who, what, on which resource, and how it went. `start` and `stop` once.

    `record` costs about 2 µs. What it is told is on disk within a second. It keeps at most as
    many rows as `kennel.decisions.rows` says, however many resources there are.
    """

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now
        self._pending: dict[PendingKey, Pending] = {}
        self._lock = threading.Lock()
        self._told = threading.Event()
        self._stopping = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to write."""
        self._thread = threading.Thread(target=self._keep, name="decisions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes what is left. The database must still run."""
        if self._thread is None:
            return
        self._stopping.set()
        self._told.set()
        self._thread.join()
        self._thread = None
        try:
            self.flush()
        except Exception as error:
            log.warning("the last decisions could not be written: %s", error)

    def record(
        self,
        request: AccessRequest,
        decision: Decision,
        facts: Mapping[str, tuple[str, ...]],
        *,
        enforced: bool = True,
    ) -> None:
        """See DecisionRecorder."""
        principal = request.principal
        if decision.allowed:
            outcome = Outcome.ALLOWED
        else:
            outcome = Outcome.DENIED if enforced else Outcome.OBSERVED
        holder = principal.role_arn or principal.arn
        resource = request.resource
        known = tuple(sorted(facts.items())) if facts else ()
        why = Reason.kind_of(decision)
        now = self._now()
        with self._lock:
            key = (holder, request.action, outcome, why, resource, known)
            pending = self._pending.get(key)
            if pending is None and len(self._pending) >= _PENDING_LIMIT:
                key = (holder, request.action, outcome, why, _widest(resource), ())
                pending = self._pending.get(key)
            if pending is None:
                self._pending[key] = Pending(
                    principal, request.resource_account, decision, 1, now, now
                )
                self._told.set()
                return
            pending.count += 1
            pending.last = now
            pending.principal = principal
            pending.decision = decision

    def flush(self) -> None:
        """Writes what was told so far; returns when it is on disk."""
        with self._writing:
            self._write_all()

    def read(self, query: Query) -> Sequence[RecordedDecision]:
        """One page of the record, what was told before included as far as it can be written."""
        try:
            self.flush()
        except Exception as error:
            log.warning("decisions could not be written: %s", error)
        return self._database.read(lambda connection: read_rows(connection, query))

    def last_uses(self, holder: str, since: float = 0.0) -> Mapping[str, float]:
        """By action, when a user or role (by ARN) last asked for it from `since` on, in wall time;
        denied or not. The last second may be missing."""
        return self._database.read(lambda connection: last_uses(connection, holder, since))

    def _keep(self) -> None:
        while not self._stopping.is_set():
            self._told.wait()
            self._stopping.wait(_INTERVAL)  # what comes meanwhile goes in the same write
            self._told.clear()
            try:
                self.flush()
            except Exception as error:  # a full disk; what was told waits for the next write
                log.warning("decisions could not be written: %s", error)
                self._told.set()
                self._stopping.wait(_RETRY)

    def _write_all(self) -> None:
        with self._lock:
            taken, self._pending = self._pending, {}
        entries = iter(taken.items())
        while batch := list(islice(entries, _BATCH)):
            try:
                self._write(batch)
            except BaseException:
                self._put_back([*batch, *entries])
                raise

    def _write(self, batch: Batch) -> None:
        reasons = [Reason.of(pending.decision) for _, pending in batch]
        self._database.write(lambda connection: write_rows(connection, batch, reasons))

    def _put_back(self, batch: Batch) -> None:
        with self._lock:
            for key, earlier in batch:
                later = self._pending.setdefault(key, earlier)
                if later is not earlier:
                    later.count += earlier.count
                    later.first = earlier.first


def _widest(resource: str) -> str:
    patterns = patterns_of(resource)
    return patterns[-1] if patterns else resource
