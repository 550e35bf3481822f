"""Managed policies: the account's own, and AWS's."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kennel.policy import PolicyKind
from kennel.services.context import Context
from kennel.services.iam.aws_managed import (
    AwsManagedPolicy,
    aws_managed_policies,
    aws_managed_policy,
)
from kennel.services.iam.base import IamBase, shown_tags
from kennel.services.iam.documents import ManagedPolicy, PolicyVersion
from kennel.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
    NoSuchEntityException,
)
from kennel.services.iam.naming import new_unique_id
from kennel.services.iam.paging import page
from kennel.services.iam.policy_texts import checked_policy
from kennel.services.iam.tagging import merged_tags, without_tags

__all__ = ["ManagedPolicyOperations", "check_size"]

_SIZE_LIMIT = 6_144  # characters without blanks


class ManagedPolicyOperations(IamBase):
    """Create, read, list, tag and delete managed policies."""

    def create_policy(
        self,
        ctx: Context,
        *,
        PolicyName: str,
        PolicyDocument: str,
        Path: str = "/",
        Description: str = "",
        Tags: Sequence[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        check_size(PolicyDocument)
        now = self._now()
        policy = ManagedPolicy(
            name=PolicyName,
            path=Path,
            unique_id=new_unique_id("ANPA"),
            arn=self._arn("policy", Path, PolicyName),
            created=now,
            updated=now,
            versions={"v1": PolicyVersion(document=PolicyDocument, created=now)},
            description=Description,
            tags=merged_tags({}, Tags),
        )

        def work(connection: sqlite3.Connection) -> None:
            names = {one.name.lower() for _, one in self._policies.list_in(connection)}
            if PolicyName.lower() in names:
                raise EntityAlreadyExistsException(
                    f"A policy called {PolicyName} already exists. Duplicate names are not allowed."
                )
            self._policies.put_in(connection, policy.arn, policy)

        self._write(work)
        return {"Policy": _shown(policy, Counter(), Counter())}

    def get_policy(self, ctx: Context, *, PolicyArn: str) -> dict[str, Any]:
        attached, bounding = self._uses()
        amazon = aws_managed_policy(PolicyArn)
        if amazon is not None:
            return {"Policy": _shown_aws(amazon, attached, bounding) | {"Tags": []}}
        policy = self._own_policy(PolicyArn)
        shown = _shown(policy, attached, bounding)
        if policy.description:
            shown["Description"] = policy.description
        return {"Policy": shown | {"Tags": shown_tags(policy.tags)}}

    def list_policies(
        self,
        ctx: Context,
        *,
        Scope: str = "All",
        OnlyAttached: bool = False,
        PathPrefix: str = "/",
        PolicyUsageFilter: str = "",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        attached, bounding = self._uses()
        shown = [
            policy
            for policy in self._in_scope(Scope, attached, bounding)
            if policy["Path"].startswith(PathPrefix)
            and (not OnlyAttached or policy["AttachmentCount"])
            and (PolicyUsageFilter != "PermissionsPolicy" or policy["AttachmentCount"])
            and (
                PolicyUsageFilter != "PermissionsBoundary"
                or policy["PermissionsBoundaryUsageCount"]
            )
        ]
        return page("Policies", shown, lambda policy: str(policy["Arn"]), dict, Marker, MaxItems)

    def delete_policy(self, ctx: Context, *, PolicyArn: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            policy = self._own_policy_in(connection, PolicyArn)
            if self._is_used_in(connection, PolicyArn):
                raise DeleteConflictException("Cannot delete a policy attached to entities.")
            if len(policy.versions) > 1:
                raise DeleteConflictException(
                    "This policy has more than one version. Before you delete a policy, you must "
                    "delete the policy's versions. The default version is deleted with the policy."
                )
            self._policies.delete_in(connection, PolicyArn)

        self._write(work)

    def tag_policy(
        self, ctx: Context, *, PolicyArn: str, Tags: Sequence[Mapping[str, str]]
    ) -> None:
        def work(connection: sqlite3.Connection) -> None:
            policy = self._own_policy_in(connection, PolicyArn)
            policy.tags = merged_tags(policy.tags, Tags)
            self._policies.put_in(connection, PolicyArn, policy)

        self._write(work)

    def untag_policy(self, ctx: Context, *, PolicyArn: str, TagKeys: Sequence[str]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            policy = self._own_policy_in(connection, PolicyArn)
            policy.tags = without_tags(policy.tags, TagKeys)
            self._policies.put_in(connection, PolicyArn, policy)

        self._write(work)

    def list_policy_tags(
        self,
        ctx: Context,
        *,
        PolicyArn: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        tags = shown_tags(self._own_policy(PolicyArn).tags)
        return page("Tags", tags, lambda tag: tag["Key"], dict, Marker, MaxItems)

    def _own_policy(self, arn: str) -> ManagedPolicy:
        return self._database.read(lambda connection: self._own_policy_in(connection, arn))

    def _own_policy_in(self, connection: sqlite3.Connection, arn: str) -> ManagedPolicy:
        policy = self._policies.get_in(connection, arn)
        if policy is None:
            raise NoSuchEntityException(f"Policy {arn} was not found.")
        return policy

    def _in_scope(
        self, scope: str, attached: Counter[str], bounding: Counter[str]
    ) -> Iterator[dict[str, Any]]:
        if scope in ("All", "Local"):
            for _, policy in self._policies.list():
                yield _shown(policy, attached, bounding)
        if scope in ("All", "AWS"):
            for amazon in aws_managed_policies().values():
                yield _shown_aws(amazon, attached, bounding)

    def _uses(self) -> tuple[Counter[str], Counter[str]]:
        """How often each policy is attached, and how often it is a boundary."""
        users, groups, roles = self._users.all(), self._groups.all(), self._roles.all()
        attached = Counter(arn for holder in (*users, *groups, *roles) for arn in holder.attached)
        bounding = Counter([user.boundary for user in users] + [role.boundary for role in roles])
        return attached, bounding

    def _is_used_in(self, connection: sqlite3.Connection, arn: str) -> bool:
        users = [user for _, user in self._users.collection.list_in(connection)]
        groups = [group for _, group in self._groups.collection.list_in(connection)]
        roles = [role for _, role in self._roles.collection.list_in(connection)]
        bounding = [user.boundary for user in users] + [role.boundary for role in roles]
        return arn in bounding or any(
            arn in holder.attached for holder in (*users, *groups, *roles)
        )


def check_size(document: str) -> None:
    """Raises MalformedPolicyDocumentException or LimitExceededException for a managed policy's
    text."""
    checked_policy(document, PolicyKind.IDENTITY)
    if len("".join(document.split())) > _SIZE_LIMIT:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {_SIZE_LIMIT}")


def _shown(policy: ManagedPolicy, attached: Counter[str], bounding: Counter[str]) -> dict[str, Any]:
    shown = {
        "PolicyName": policy.name,
        "PolicyId": policy.unique_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version,
        "AttachmentCount": attached[policy.arn],
        "PermissionsBoundaryUsageCount": bounding[policy.arn],
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }
    return shown | ({"Tags": shown_tags(policy.tags)} if policy.tags else {})


def _shown_aws(
    policy: AwsManagedPolicy, attached: Counter[str], bounding: Counter[str]
) -> dict[str, Any]:
    # AWS's real ids are not published; this one is at least always the same.
    identity = hashlib.sha256(policy.arn.encode()).hexdigest()[:17].upper()
    return {
        "PolicyName": policy.name,
        "PolicyId": f"ANPA{identity}",
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.version,
        "AttachmentCount": attached[policy.arn],
        "PermissionsBoundaryUsageCount": bounding[policy.arn],
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }
