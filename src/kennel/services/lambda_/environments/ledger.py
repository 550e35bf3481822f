"""What functions have reserved and what runs: the state that admission decides by.

The rule is `kennel.scaling.admission`; here are its numbers, for the event loop alone. Rates count
in wall time, since requests and starts are what callers and processes feel: at a time scale of 60
a function still takes as many requests a second as on AWS.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from kennel.scaling.admission import (
    ACCOUNT_LIMIT,
    Account,
    Bucket,
    Function,
    Pool,
    Provisioned,
    Rates,
    admit,
    claimed,
    request_bucket,
    start_bucket,
)
from kennel.services.lambda_.environments.pool import CapReached
from kennel.services.lambda_.environments.provisioned_pool import ProvisionedPool

__all__ = ["Ledger"]


@dataclass(slots=True)
class _Entry:
    """One function. `requests` is for its reservation."""

    starts: Bucket
    reserved: int | None = None
    allocated: int = 0
    running: int = 0
    on_demand: int = 0
    requests: Bucket | None = None


class Ledger:
    """`enter` before an invocation and `leave` after it. `now` gives seconds of wall time."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._entries: dict[str, _Entry] = {}
        self._requests = request_bucket(ACCOUNT_LIMIT, now())
        self._running = 0
        self._unreserved = 0
        self._reserved = 0
        self._provisioned = 0

    def reserve(self, function: str, reserved: int | None) -> None:
        """Sets the function's reservation and cap; None takes it away."""
        entry = self._entry(function)
        if entry.reserved == reserved:
            return
        entry.reserved = reserved
        entry.requests = request_bucket(reserved, self._now()) if reserved else None
        self._add_up()

    def allocate(self, function: str, allocated: int) -> None:
        """Takes note of how many provisioned environments the function has allocated."""
        entry = self._entry(function)
        if entry.allocated != allocated:
            entry.allocated = allocated
            self._add_up()

    def forget(self, function: str) -> None:
        """Drops a function that is gone, unless something of it still runs."""
        entry = self._entries.get(function)
        if entry is not None and not entry.running and not entry.allocated:
            del self._entries[function]
            self._add_up()

    def is_stopped(self, function: str) -> bool:
        """Whether the function's reservation is 0, so that it never runs."""
        entry = self._entries.get(function)
        return entry is not None and entry.reserved == 0

    def running(self, function: str) -> int:
        """The function's invocations under way."""
        entry = self._entries.get(function)
        return 0 if entry is None else entry.running

    def account(self) -> Account:
        """What is set aside and what runs, over all functions."""
        return Account(
            ACCOUNT_LIMIT, self._reserved, self._provisioned, self._running, self._unreserved
        )

    def claimed(self) -> int:
        """ClaimedAccountConcurrency."""
        return claimed(self.account())

    def enter(self, function: str, provisioned: ProvisionedPool | None, *, starts: bool) -> Pool:
        """Admits an invocation, or raises CapReached. `starts`: it would need a new environment
        on demand."""
        now = self._now()
        entry = self._entry(function)
        place = rate = None
        if provisioned is not None:
            place = Provisioned(provisioned.available, provisioned.busy)
            rate = _rate(provisioned, now)
        said = admit(
            self.account(),
            Function(entry.reserved, entry.allocated, entry.running, entry.on_demand),
            place,
            Rates(self._requests, entry.starts, entry.requests, rate),
            starts=starts,
            now=now,
        )
        if said.pool is None:
            assert said.reason is not None
            raise CapReached(said.reason)
        self._requests, entry.starts = said.rates.account, said.rates.starts
        entry.requests = said.rates.function
        if provisioned is not None:
            provisioned.requests = said.rates.provisioned
        self._count(entry, said.pool, 1)
        return said.pool

    def leave(self, function: str, pool: Pool) -> None:
        """The invocation that was admitted onto `pool` is over."""
        self._count(self._entry(function), pool, -1)

    def _count(self, entry: _Entry, pool: Pool, change: int) -> None:
        self._running += change
        entry.running += change
        if pool is not Pool.PROVISIONED:
            entry.on_demand += change
        if pool is Pool.UNRESERVED:
            self._unreserved += change

    def _entry(self, function: str) -> _Entry:
        entry = self._entries.get(function)
        if entry is None:
            entry = self._entries[function] = _Entry(start_bucket(self._now()))
        return entry

    def _add_up(self) -> None:
        entries = self._entries.values()
        self._reserved = sum(entry.reserved or 0 for entry in entries)
        self._provisioned = sum(entry.allocated for entry in entries if entry.reserved is None)


def _rate(pool: ProvisionedPool, now: float) -> Bucket | None:
    """The rate that belongs to the environments that are usable now."""
    if not pool.available:
        return None
    wanted = request_bucket(pool.available, now)
    if pool.requests is None:
        return wanted
    if pool.requests.capacity == wanted.capacity:
        return pool.requests
    return pool.requests.resized(wanted.rate, wanted.capacity, now)
