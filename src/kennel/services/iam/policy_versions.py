"""The versions of managed policies: at most five, one of them the default."""

from __future__ import annotations

import sqlite3
from typing import Any

from kennel.services.context import Context
from kennel.services.iam.aws_managed import AwsManagedPolicy, aws_managed_policy
from kennel.services.iam.base import shown_document
from kennel.services.iam.documents import ManagedPolicy, PolicyVersion
from kennel.services.iam.errors import (
    DeleteConflictException,
    LimitExceededException,
    NoSuchEntityException,
)
from kennel.services.iam.paging import page
from kennel.services.iam.policies import ManagedPolicyOperations, check_size

__all__ = ["PolicyVersionOperations"]

_MOST_VERSIONS = 5


class PolicyVersionOperations(ManagedPolicyOperations):
    """Create, read, choose and delete versions."""

    def create_policy_version(
        self, ctx: Context, *, PolicyArn: str, PolicyDocument: str, SetAsDefault: bool = False
    ) -> dict[str, Any]:
        check_size(PolicyDocument)

        def work(connection: sqlite3.Connection) -> tuple[ManagedPolicy, str]:
            policy = self._own_policy_in(connection, PolicyArn)
            if len(policy.versions) >= _MOST_VERSIONS:
                raise LimitExceededException(
                    f"A managed policy can have up to {_MOST_VERSIONS} versions. Before you "
                    "create a new version, you must delete an existing version."
                )
            policy.last_number += 1
            version = f"v{policy.last_number}"
            now = self._now()
            policy.versions[version] = PolicyVersion(document=PolicyDocument, created=now)
            policy.updated = now
            if SetAsDefault:
                policy.default_version = version
            self._policies.put_in(connection, PolicyArn, policy)
            return policy, version

        policy, version = self._write(work)
        return {"PolicyVersion": _listed(policy, version)}

    def get_policy_version(self, ctx: Context, *, PolicyArn: str, VersionId: str) -> dict[str, Any]:
        amazon = aws_managed_policy(PolicyArn)
        if amazon is not None:
            if VersionId != amazon.version:
                raise _missing(PolicyArn, VersionId)
            shown = _listed_aws(amazon) | {"Document": shown_document(amazon.document)}
            return {"PolicyVersion": shown}
        policy = self._own_policy(PolicyArn)
        if VersionId not in policy.versions:
            raise _missing(PolicyArn, VersionId)
        document = shown_document(policy.versions[VersionId].document)
        return {"PolicyVersion": _listed(policy, VersionId) | {"Document": document}}

    def list_policy_versions(
        self,
        ctx: Context,
        *,
        PolicyArn: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        amazon = aws_managed_policy(PolicyArn)
        if amazon is not None:
            version = _listed_aws(amazon)
            return page("Versions", [version], _id_of, dict, Marker, MaxItems)
        policy = self._own_policy(PolicyArn)
        return page(
            "Versions",
            policy.versions,
            _newest_first,
            lambda version: _listed(policy, version),
            Marker,
            MaxItems,
        )

    def set_default_policy_version(self, ctx: Context, *, PolicyArn: str, VersionId: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            policy = self._own_policy_in(connection, PolicyArn)
            if VersionId not in policy.versions:
                raise _missing(PolicyArn, VersionId)
            policy.default_version = VersionId
            self._policies.put_in(connection, PolicyArn, policy)

        self._write(work)

    def delete_policy_version(self, ctx: Context, *, PolicyArn: str, VersionId: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            policy = self._own_policy_in(connection, PolicyArn)
            if VersionId not in policy.versions:
                raise _missing(PolicyArn, VersionId)
            if VersionId == policy.default_version:
                raise DeleteConflictException("Cannot delete the default version of a policy.")
            del policy.versions[VersionId]
            self._policies.put_in(connection, PolicyArn, policy)

        self._write(work)


def _id_of(version: dict[str, Any]) -> str:
    return str(version["VersionId"])


def _newest_first(version: str) -> str:
    return f"{10**9 - int(version[1:]):010d}"


def _listed(policy: ManagedPolicy, version: str) -> dict[str, Any]:
    return {
        "VersionId": version,
        "IsDefaultVersion": version == policy.default_version,
        "CreateDate": policy.versions[version].created,
    }


def _listed_aws(policy: AwsManagedPolicy) -> dict[str, Any]:
    return {
        "VersionId": policy.version,
        "IsDefaultVersion": True,
        "CreateDate": policy.updated,
    }


def _missing(arn: str, version: str) -> NoSuchEntityException:
    return NoSuchEntityException(
        f"Policy {arn} version {version} does not exist or is not attachable."
    )
