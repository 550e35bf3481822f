"""A role's credentials for a process: temporary, and renewed for as long as the process lives.

The process gets no keys but a grant. AWS's SDKs ask for keys by it at the plane's own port, by the
protocol of the container credential provider, and ask again before they expire: so a process may
run for weeks on sessions of an hour. It is the one port that a job's own network leads to, and
that the next plane takes again. Source: "Container credential provider" in the AWS SDKs and
Tools Reference Guide.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from kennel.identity import Credentials, Grant, Principal
from kennel.services.roles import role_directory, trusting_role

if TYPE_CHECKING:
    from kennel.clock import Clock
    from kennel.identity import GrantDirectory, Ticket
    from kennel.services.dispatch import Dispatcher
    from kennel.services.service import Parts

__all__ = [
    "CREDENTIALS_PATH",
    "INSTANCE_PATH",
    "CredentialDesk",
    "NoSuchGrant",
    "credential_document",
    "credential_variables",
    "instance_variables",
]

CREDENTIALS_PATH = "/_kennel/credentials/"
"""Followed by a grant's id, on the plane's port."""

INSTANCE_PATH = "/_kennel/instance/"
"""Followed by a grant's id and its token: the metadata service of the instance that has it."""

_FRESH = 0.5  # the share of a session's life that is left at least when it is handed out: SDKs ask
# again 15 minutes before the end, and must get another then


class NoSuchGrant(Exception):
    """There is no such grant, the token is not its own, or the process has ended."""


def credential_variables(
    parts: Parts, holder: str, role_arn: str, session_name: str, service: str, source_arn: str
) -> dict[str, str]:
    """Opens a grant; the variables that lead the process's SDKs to its role's credentials. The
    role's trust policy is asked with the process's resource, `source_arn`.

    Whatever other keys the process finds win over them, so it must be given none. `holder` names
    the process for `parts.credentials.grants.end`, which is to be called when it has ended.
    """
    grants = parts.credentials.grants
    return _container(parts, grants.open(holder, role_arn, session_name, service, source_arn))


def instance_variables(
    parts: Parts, holder: str, role_arn: str, session_name: str, service: str, source_arn: str
) -> dict[str, str]:
    """The same for an instance, whose SDKs find its metadata too. `service` must be an
    InstanceDirectory that knows the holder."""
    grants = parts.credentials.grants
    ticket = grants.open(holder, role_arn, session_name, service, source_arn)
    return {
        **_container(parts, ticket),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": (
            f"{parts.reach.url}{INSTANCE_PATH}{ticket.id}/{ticket.token}/"
        ),
    }


def _container(parts: Parts, ticket: Ticket) -> dict[str, str]:
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{parts.reach.url}{CREDENTIALS_PATH}{ticket.id}",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": ticket.token,
    }


class CredentialDesk:
    """Hands out sessions for grants, each as long as it is fresh. Safe to use from many threads."""

    session_seconds: ClassVar[float] = 3600.0
    """How long a session lasts, in wall time."""

    def __init__(
        self, dispatcher: Dispatcher, account_id: str, clock: Clock, grants: GrantDirectory
    ) -> None:
        self._dispatcher = dispatcher
        self._account_id = account_id
        self._clock = clock
        self._grants = grants
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], Credentials] = {}  # by grant and role's unique id

    def ask(self, identifier: str, token: str) -> dict[str, str]:
        """The reply to a process that asks by its grant. Raises NoSuchGrant, and RoleNotPassable
        if the role is gone or does not trust the service any more."""
        grant = self._grants.find(identifier, token)
        if grant is None:
            raise NoSuchGrant
        return {
            "RoleArn": grant.role_arn,
            **credential_document(self.session(identifier, grant)),
        }

    def session(self, identifier: str, grant: Grant) -> Credentials:
        """A session of the grant's role that lasts for half of its time at least. Raises
        RoleNotPassable."""
        service = Principal.service(self._account_id, grant.service)
        context = self._dispatcher.context(service)
        role = trusting_role(context, grant.role_arn, grant.service, grant.source_arn)
        key = identifier, role.role_id
        now = self._clock.wall()
        with self._lock:
            found = self._sessions.get(key)
        if found is not None and _left(found, now) >= _FRESH * self.session_seconds:
            return found
        fresh = role_directory(context).issue_role_session(
            role, grant.session_name, self.session_seconds
        )
        with self._lock:
            self._sessions = {k: s for k, s in self._sessions.items() if _left(s, now) > 0}
            self._sessions[key] = fresh
        return fresh


def credential_document(credentials: Credentials) -> Mapping[str, str]:
    """A session as the SDKs' credential endpoints show it."""
    assert credentials.expires is not None, "these last"
    expires = datetime.fromtimestamp(credentials.expires, UTC)
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _left(credentials: Credentials, now: float) -> float:
    return (credentials.expires or now) - now
