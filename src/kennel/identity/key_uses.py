"""When each access key was last used, and for what."""

from __future__ import annotations

import threading

from kennel.clock import Clock
from kennel.store import Collection, Database, Document

__all__ = ["KeyUse", "KeyUses"]

_WRITE_SECONDS = 60.0  # wall; what a plane that is killed may have forgotten


class KeyUse(Document):
    """The latest request that a key signed: wall time, and service and region as the signature
    names them."""

    time: float
    service: str
    region: str


class KeyUses:
    """Kept in memory and written once a minute, since every request changes it. `start` before
    use; safe to use from many threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._clock = clock
        self._store = Collection(database, "identity.key-uses", KeyUse)
        self._latest: dict[str, KeyUse] = {}
        self._unwritten: set[str] = set()
        self._lock = threading.Lock()
        self._written = 0.0

    def start(self) -> None:
        """Loads what is known."""
        self._latest = dict(self._store.list())

    def note(self, access_key_id: str, service: str, region: str) -> None:
        """A request has come with a good signature of the key. Costs under 1 µs. Keys of sessions
        are not kept: they are many and each lives for hours."""
        if not access_key_id.startswith("AKIA"):
            return
        use = KeyUse(time=self._clock.wall(), service=service, region=region)
        with self._lock:
            self._latest[access_key_id] = use
            self._unwritten.add(access_key_id)

    def latest(self, access_key_id: str) -> KeyUse | None:
        """The key's latest use, or None."""
        return self._latest.get(access_key_id)

    def forget(self, access_key_id: str) -> None:
        """The key is gone."""
        with self._lock:
            self._unwritten.discard(access_key_id)
            known = self._latest.pop(access_key_id, None)
        if known is not None:
            self._store.delete(access_key_id)

    def write(self, *, due_only: bool = True) -> None:
        """Writes what has changed, by default if the last time was a minute ago."""
        now = self._clock.wall()
        if due_only and now < self._written + _WRITE_SECONDS:
            return
        with self._lock:
            self._written = now
            changed = {key: self._latest[key] for key in self._unwritten}
            self._unwritten = set()
        for access_key_id, use in changed.items():
            self._store.put(access_key_id, use)
