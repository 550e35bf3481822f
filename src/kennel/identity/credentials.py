"""Access keys and sessions: kept on disk, looked up in memory.

Finding a key is on the way of every request, so it is one dictionary look-up. Every change is on
disk before it is visible, so a restart forgets nothing that was handed out.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from kennel.clock import Clock
from kennel.identity.documents import AccessKey, Session
from kennel.identity.grants import GrantDirectory
from kennel.identity.key_ids import new_access_key_id, new_secret
from kennel.identity.key_uses import KeyUses
from kennel.identity.root_file import read_root_file, write_root_file
from kennel.policy import Principal
from kennel.store import Collection, Database, Document

__all__ = ["CredentialDirectory", "Credentials"]

D = TypeVar("D", bound=Document)

_KEEP_EXPIRED_SECONDS = 86_400.0  # how long an expired session still answers "expired"
_SWEEP_EVERY_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair and whose it is. `session_token` is empty for keys that last; `expires` is wall
    time in seconds since the epoch, None for keys that last."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    principal: Principal
    expires: float | None = None


class CredentialDirectory:
    """Every key that this plane accepts, in `grants` who may ask for some, and in `uses` when each
    was used last. `start` before use; safe to use from many threads."""

    def __init__(self, database: Database, clock: Clock, account_id: str, folder: Path) -> None:
        self._database = database
        self._clock = clock
        self._account_id = account_id
        self._root_path = folder / "credentials"
        self._key_store = Collection(database, "identity.access-keys", AccessKey)
        self._session_store = Collection(database, "identity.sessions", Session)
        self.grants = GrantDirectory(database)
        self.uses = KeyUses(database, clock)
        self._found: dict[str, Credentials] = {}
        self._keys: dict[str, AccessKey] = {}
        self._root: Credentials | None = None
        self._lock = threading.Lock()  # orders changes of users' keys
        self._next_sweep = 0.0

    def start(self) -> None:
        """Loads all keys; makes the root's at the first start.

        The root's keys live in `FOLDER/credentials`, a file like `~/.aws/credentials` that only
        its owner can read. Removing the file and starting again replaces them. Raises
        RootFileError if the file is there and can't be used.
        """
        for access_key_id, key in self._key_store.list():
            self._remember_key(access_key_id, key)
        for access_key_id, session in self._session_store.list():
            self._remember_session(access_key_id, session)
        self.grants.start()
        self.uses.start()
        pair = read_root_file(self._root_path)
        if pair is None:
            pair = (new_access_key_id("AKIA", self._account_id), new_secret())
            write_root_file(self._root_path, *pair)
        self._root = Credentials(pair[0], pair[1], "", Principal.root(self._account_id))
        self._found[pair[0]] = self._root
        self._sweep_when_due()

    def root(self) -> Credentials:
        """The account's own keys."""
        if self._root is None:
            raise RuntimeError("the credential directory is not started")
        return self._root

    def find(self, access_key_id: str) -> Credentials | None:
        """The credentials behind a key id, or None if there are none or they are inactive.

        Sessions that have expired are found for a day more, so that the caller can be told.
        """
        return self._found.get(access_key_id)

    def issue_session(
        self,
        principal: Principal,
        seconds: float,
        *,
        policy: str = "",
        policy_arns: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
    ) -> Credentials:
        """Temporary credentials that act as `principal` for `seconds` of wall time.

        Costs one row in the store's next group commit, so many at once cost one disk write.
        """
        session = Session(
            secret=new_secret(),
            token=base64.b64encode(secrets.token_bytes(96)).decode(),
            expires=self._clock.wall() + seconds,
            kind=principal.kind,
            account_id=principal.account_id,
            arn=principal.arn,
            user_id=principal.user_id,
            role_arn=principal.role_arn,
            policy=policy,
            policy_arns=tuple(policy_arns),
            tags=dict(tags or {}),
            issued=self._clock.wall(),
        )
        access_key_id = self._add("ASIA", self._session_store, session)
        self._sweep_when_due()
        return self._remember_session(access_key_id, session)

    def add_user_key(
        self, principal: Principal, check: Callable[[Sequence[AccessKey]], None] | None = None
    ) -> tuple[str, AccessKey]:
        """Makes an active key for a user; returns its id and the key.

        `check` sees the user's present keys before the new one is made, and raises to refuse.
        """
        with self._lock:
            if check is not None:
                check(list(self.user_keys(principal.user_id).values()))
            key = AccessKey(
                secret=new_secret(),
                account_id=principal.account_id,
                arn=principal.arn,
                user_id=principal.user_id,
                created=self._clock.wall(),
            )
            access_key_id = self._add("AKIA", self._key_store, key)
            self._remember_key(access_key_id, key)
        return access_key_id, key

    def user_keys(self, user_id: str) -> dict[str, AccessKey]:
        """A user's keys by key id, oldest first."""
        mine = [item for item in list(self._keys.items()) if item[1].user_id == user_id]
        return dict(sorted(mine, key=lambda item: (item[1].created, item[0])))

    def user_key(self, access_key_id: str) -> AccessKey | None:
        """The user's key of that id, active or not; None for root's keys and for sessions."""
        return self._keys.get(access_key_id)

    def set_status(self, access_key_id: str, *, active: bool) -> bool:
        """Switches a user's key on or off; says whether there is such a key."""
        with self._lock:
            key = self._keys.get(access_key_id)
            if key is None:
                return False
            changed = msgspec.structs.replace(key, active=active)
            self._key_store.put(access_key_id, changed)
            self._remember_key(access_key_id, changed)
        return True

    def remove(self, access_key_id: str) -> bool:
        """Deletes a user's key for good; says whether there was one."""
        with self._lock:
            removed = self._key_store.delete(access_key_id)
            if removed:
                self._keys.pop(access_key_id, None)
                self._found.pop(access_key_id, None)
                self.uses.forget(access_key_id)
        return removed

    def rename_user(
        self, user_id: str, arn: str, also: Callable[[sqlite3.Connection], None]
    ) -> None:
        """Gives a user's keys the user's new ARN, in one transaction with `also`."""
        with self._lock:
            renamed = {
                access_key_id: msgspec.structs.replace(key, arn=arn)
                for access_key_id, key in self.user_keys(user_id).items()
            }

            def work(connection: sqlite3.Connection) -> None:
                for access_key_id, key in renamed.items():
                    self._key_store.put_in(connection, access_key_id, key)
                also(connection)

            self._database.write(work)
            for access_key_id, key in renamed.items():
                self._remember_key(access_key_id, key)

    def _add(self, prefix: str, store: Collection[D], document: D) -> str:
        while True:  # 39 random bits do collide, once in a long while
            access_key_id = new_access_key_id(prefix, self._account_id)
            if access_key_id not in self._found and store.add(access_key_id, document):
                return access_key_id

    def _remember_key(self, access_key_id: str, key: AccessKey) -> None:
        self._keys[access_key_id] = key
        if key.active:
            self._found[access_key_id] = Credentials(access_key_id, key.secret, "", key.principal)
        else:
            self._found.pop(access_key_id, None)

    def _remember_session(self, access_key_id: str, session: Session) -> Credentials:
        found = Credentials(
            access_key_id, session.secret, session.token, session.principal, session.expires
        )
        self._found[access_key_id] = found
        return found

    def _sweep_when_due(self) -> None:
        """Forgets sessions that expired long ago. The deletion need not be waited for."""
        now = self._clock.wall()
        if now < self._next_sweep:
            return
        self._next_sweep = now + _SWEEP_EVERY_SECONDS
        limit = now - _KEEP_EXPIRED_SECONDS
        old = [
            found.access_key_id
            for found in list(self._found.values())
            if found.expires is not None and found.expires < limit
        ]
        if not old:
            return
        for access_key_id in old:
            self._found.pop(access_key_id, None)

        def work(connection: sqlite3.Connection) -> None:
            for access_key_id in old:
                self._session_store.delete_in(connection, access_key_id)

        self._database.write_soon(work)
