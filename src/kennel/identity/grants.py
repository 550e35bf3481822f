"""What lets a process ask for its role's credentials: a grant, known by its id and a token.

Whoever runs a process opens a grant for it, gives id and token to that process alone, and ends the
grant when the process has ended. Of the token only a digest is kept, in memory and on disk, so a
restart of the plane forgets no grant and nobody can read a token out of the store.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass

from kennel.store import Collection, Database, Document

__all__ = ["Grant", "GrantDirectory", "Ticket"]


class Grant(Document):
    """A process may act as `role_arn`, in sessions of that name, for as long as the grant is there.

    `service` is the DNS name of the service that runs the process (`sagemaker.amazonaws.com`),
    `source_arn` the resource that it runs it for (empty in grants of planes before it was kept).
    """

    holder: str
    digest: str
    role_arn: str
    session_name: str
    service: str
    source_arn: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the process gets. `token` is a secret."""

    id: str
    token: str


class GrantDirectory:
    """Every grant that is open. `start` before use; safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._store = Collection(database, "identity.grants", Grant)
        self._grants: dict[str, Grant] = {}

    def start(self) -> None:
        """Loads the grants of the plane that ran before."""
        self._grants = dict(self._store.list())

    def open(
        self, holder: str, role_arn: str, session_name: str, service: str, source_arn: str = ""
    ) -> Ticket:
        """A grant for the process that `holder` names; one that the holder had ends.

        A holder's name is a path, e.g. `training-job/FOLDER/HOST`, for `end` to find it by. One
        thread at a time opens and ends the grants of a holder.
        """
        token = secrets.token_urlsafe(32)
        identifier = secrets.token_hex(16)
        grant = Grant(
            holder=holder,
            digest=_digest(token),
            role_arn=role_arn,
            session_name=session_name,
            service=service,
            source_arn=source_arn,
        )
        self._replace([identifier for identifier, held in self._held(holder)], identifier, grant)
        return Ticket(identifier, token)

    def find(self, identifier: str, token: str) -> Grant | None:
        """The grant of that id, if the token is its own."""
        grant = self._grants.get(identifier)
        digest = _digest(token)  # in either case, so that the time tells nothing
        if grant is None or not hmac.compare_digest(grant.digest, digest):
            return None
        return grant

    def end(self, holder: str) -> None:
        """Ends the grants of a holder and of all below it: no token of theirs is good any more."""
        ended = [identifier for identifier, _ in self._held(holder)]
        if ended:
            self._replace(ended)

    def _held(self, holder: str) -> list[tuple[str, Grant]]:
        below = f"{holder}/"
        return [
            (identifier, grant)
            for identifier, grant in list(self._grants.items())
            if grant.holder == holder or grant.holder.startswith(below)
        ]

    def _replace(self, ended: list[str], identifier: str = "", grant: Grant | None = None) -> None:
        """One write. What ends, ends in memory first; what is new is on disk first."""
        for one in ended:
            self._grants.pop(one, None)

        def work(connection: sqlite3.Connection) -> None:
            for one in ended:
                self._store.delete_in(connection, one)
            if grant is not None:
                self._store.put_in(connection, identifier, grant)

        self._database.write(work)
        if grant is not None:
            self._grants[identifier] = grant


def _digest(token: str) -> str:
    """Tokens are random, so nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
