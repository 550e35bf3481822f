"""Reports of last use: which services an identity may use, and when it last tried to.

The plane's record of decisions answers, so a report is made before its job's id is given out; the
attempts of the last second may be missing. Reports are kept for `_KEPT_SECONDS`.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from kennel.policy import NamedPolicy, PolicyType
from kennel.services.context import Context
from kennel.services.iam.base import key_of
from kennel.services.iam.documents import Group, Role, User
from kennel.services.iam.errors import InvalidInputException, NoSuchEntityException
from kennel.services.iam.granted_services import service_title
from kennel.services.iam.granting import GrantingOperations, kind_of
from kennel.services.iam.naming import account_and_resource
from kennel.services.iam.paging import page
from kennel.services.service import Parts
from kennel.store import Collection, Document

__all__ = ["AccessReportOperations"]

_DAY = 86_400.0
_KEPT_SECONDS = 7 * _DAY  # AWS does not say how long
_ACTIONS = "ACTION_LEVEL"


class _Entity(msgspec.Struct, frozen=True):
    """A user or role that the report is about; `uses` is wall time by action."""

    arn: str
    name: str
    path: str
    unique_id: str
    kind: str
    uses: dict[str, float]

    def last(self, namespace: str) -> float:
        """When it last tried any action of the service; 0 for never."""
        times = (at for action, at in self.uses.items() if action.startswith(f"{namespace}:"))
        return max(times, default=0.0)


class _Report(Document):
    """A finished job. `asked_by` is the user or role whose it is, `services` the actions of each
    that policies allow, as far as the plane has them."""

    asked_by: str
    granularity: str
    created: float
    completed: float
    services: dict[str, list[str]]
    entities: list[_Entity]


class AccessReportOperations(GrantingOperations):
    """Generate and get reports of services last accessed."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._reports = Collection(parts.database, "iam.access-reports", _Report)

    def generate_service_last_accessed_details(
        self, ctx: Context, *, Arn: str, Granularity: str = "SERVICE_LEVEL"
    ) -> dict[str, Any]:
        created = self._now()
        policies, entities = self._database.read(lambda connection: self._about(connection, Arn))
        granted = self._granted(ctx, policies)
        report = _Report(
            asked_by=_asker(ctx),
            granularity=Granularity,
            created=created,
            completed=self._now(),
            services={name: granted.actions(name) for name in granted.namespaces()},
            entities=[self._used(one) for one in entities],
        )
        job_id = str(uuid.uuid4())

        def work(connection: sqlite3.Connection) -> None:
            for key, old in self._reports.list_in(connection):
                if old.completed < created - _KEPT_SECONDS:
                    self._reports.delete_in(connection, key)
            self._reports.put_in(connection, job_id, report)

        self._write(work)
        return {"JobId": job_id}

    def get_service_last_accessed_details(
        self, ctx: Context, *, JobId: str, Marker: str | None = None, MaxItems: int | None = None
    ) -> dict[str, Any]:
        report = self._report(ctx, JobId)
        shown = page(
            "ServicesLastAccessed",
            report.services,
            str,
            lambda namespace: self._shown_service(report, namespace),
            Marker,
            MaxItems,
        )
        return _shown_job(report) | {"JobType": report.granularity} | shown

    def get_service_last_accessed_details_with_entities(
        self,
        ctx: Context,
        *,
        JobId: str,
        ServiceNamespace: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        """The latest first."""
        report = self._report(ctx, JobId)
        namespace = ServiceNamespace.lower()
        if namespace not in report.services:
            raise InvalidInputException(
                f"The report has no service {ServiceNamespace}. It has "
                f"{', '.join(report.services) or 'none'}."
            )
        shown = page(
            "EntityDetailsList",
            report.entities,
            lambda one: f"{1e12 - one.last(namespace):020.6f} {one.arn}",
            lambda one: _shown_entity(one, namespace),
            Marker,
            MaxItems,
        )
        return _shown_job(report) | shown

    def _used(self, holder: User | Role) -> _Entity:
        return _Entity(
            holder.arn,
            holder.name,
            holder.path,
            holder.unique_id,
            kind_of(holder),
            dict(self._last_uses(holder)),
        )

    def _report(self, ctx: Context, job_id: str) -> _Report:
        """ "The JobId must be used by the same role within a session, or by the same user"."""
        report = self._reports.get(job_id)
        if report is None or report.asked_by != _asker(ctx):
            raise NoSuchEntityException(f"The report with JobId {job_id} cannot be found.")
        return report

    def _about(
        self, connection: sqlite3.Connection, arn: str
    ) -> tuple[list[NamedPolicy], list[User | Role]]:
        """The policies that an ARN stands for, and whom they are for."""
        if _is_policy(arn):
            if not self._policy_exists_in(connection, arn):
                raise NoSuchEntityException(f"Policy {arn} was not found.")
            policy = self._managed_in(connection, arn, "", PolicyType.IDENTITY)
            return [policy], list(self._carriers_in(connection, arn))
        found = self._identity_in(connection, arn)
        policies = [policy for policy, _ in self._granting_in(connection, found)]
        if isinstance(found, Group):
            return policies, list(self._members_in(connection, found))
        return policies, [found]

    def _carriers_in(self, connection: sqlite3.Connection, arn: str) -> Iterator[User | Role]:
        """Users and roles that carry a managed policy, through their groups too."""
        for _, user in self._users.collection.list_in(connection):
            groups = self._groups_in(connection, user)
            if any(arn in one.attached for one in (user, *groups)):
                yield user
        for _, role in self._roles.collection.list_in(connection):
            if arn in role.attached:
                yield role

    def _members_in(self, connection: sqlite3.Connection, group: Group) -> Iterable[User]:
        for _, user in self._users.collection.list_in(connection):
            if key_of(group.name) in map(key_of, user.groups):
                yield user

    def _shown_service(self, report: _Report, namespace: str) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "ServiceName": service_title(namespace),
            "ServiceNamespace": namespace,
            "TotalAuthenticatedEntities": sum(1 for one in report.entities if one.last(namespace)),
        }
        latest = max(report.entities, key=lambda one: one.last(namespace), default=None)
        if latest is not None and latest.last(namespace):
            shown |= {
                "LastAuthenticated": latest.last(namespace),
                "LastAuthenticatedEntity": latest.arn,
                "LastAuthenticatedRegion": self.parts.region,
            }
        if report.granularity == _ACTIONS:
            shown["TrackedActionsLastAccessed"] = [
                self._shown_action(report.entities, action) for action in report.services[namespace]
            ]
        return shown

    def _shown_action(self, entities: Sequence[_Entity], action: str) -> dict[str, Any]:
        shown: dict[str, Any] = {"ActionName": action.partition(":")[2]}
        users = [(one.uses[action], one.arn) for one in entities if action in one.uses]
        if users:
            at, arn = max(users)
            shown |= {
                "LastAccessedEntity": arn,
                "LastAccessedTime": at,
                "LastAccessedRegion": self.parts.region,
            }
        return shown


def _is_policy(arn: str) -> bool:
    return (account_and_resource(arn) or ("", ""))[1].startswith("policy/")


def _asker(ctx: Context) -> str:
    return ctx.principal.role_arn or ctx.principal.arn


def _shown_job(report: _Report) -> dict[str, Any]:
    return {
        "JobStatus": "COMPLETED",
        "JobCreationDate": report.created,
        "JobCompletionDate": report.completed,
    }


def _shown_entity(entity: _Entity, namespace: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "EntityInfo": {
            "Arn": entity.arn,
            "Name": entity.name,
            "Type": entity.kind,
            "Id": entity.unique_id,
            "Path": entity.path,
        }
    }
    if last := entity.last(namespace):
        shown["LastAuthenticated"] = last
    return shown
