"""Instance profiles: what hands a role to EC2 instances."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kennel.services.context import Context
from kennel.services.iam.base import IamBase, key_of, shown_tags
from kennel.services.iam.documents import InstanceProfile
from kennel.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
    NoSuchEntityException,
)
from kennel.services.iam.naming import new_unique_id
from kennel.services.iam.paging import page
from kennel.services.iam.roles import shown_role
from kennel.services.iam.tagging import merged_tags, without_tags

__all__ = ["InstanceProfileOperations"]


class InstanceProfileOperations(IamBase):
    """Create, read, tag and delete instance profiles, and put roles into them."""

    def create_instance_profile(
        self,
        ctx: Context,
        *,
        InstanceProfileName: str,
        Path: str = "/",
        Tags: Sequence[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        profile = InstanceProfile(
            name=InstanceProfileName,
            path=Path,
            unique_id=new_unique_id("AIPA"),
            arn=self._arn("instance-profile", Path, InstanceProfileName),
            created=self._now(),
            tags=merged_tags({}, Tags),
        )
        if not self._profiles.add(key_of(InstanceProfileName), profile):
            raise EntityAlreadyExistsException(
                f"Instance Profile {InstanceProfileName} already exists."
            )
        return {"InstanceProfile": self._shown(profile)}

    def get_instance_profile(self, ctx: Context, *, InstanceProfileName: str) -> dict[str, Any]:
        return {"InstanceProfile": self._shown(self._profile(InstanceProfileName))}

    def list_instance_profiles(
        self,
        ctx: Context,
        *,
        PathPrefix: str = "/",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        found = [one for _, one in self._profiles.list() if one.path.startswith(PathPrefix)]
        return self._page(found, Marker, MaxItems)

    def list_instance_profiles_for_role(
        self,
        ctx: Context,
        *,
        RoleName: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        role = self._roles.get(RoleName)
        found = [one for _, one in self._profiles.list() if one.role == role.name]
        return self._page(found, Marker, MaxItems)

    def delete_instance_profile(self, ctx: Context, *, InstanceProfileName: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            profile = self._profile_in(connection, InstanceProfileName)
            if profile.role:
                raise DeleteConflictException(
                    "Cannot delete entity, must remove roles from instance profile first."
                )
            self._profiles.delete_in(connection, key_of(InstanceProfileName))

        self._write(work)

    def add_role_to_instance_profile(
        self, ctx: Context, *, InstanceProfileName: str, RoleName: str
    ) -> None:
        def work(connection: sqlite3.Connection) -> None:
            profile = self._profile_in(connection, InstanceProfileName)
            role = self._roles.get_in(connection, RoleName)
            if profile.role:
                raise LimitExceededException(
                    "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
                )
            profile.role = role.name
            self._profiles.put_in(connection, key_of(InstanceProfileName), profile)

        self._write(work)

    def remove_role_from_instance_profile(
        self, ctx: Context, *, InstanceProfileName: str, RoleName: str
    ) -> None:
        def work(connection: sqlite3.Connection) -> None:
            profile = self._profile_in(connection, InstanceProfileName)
            if key_of(profile.role) != key_of(RoleName):
                raise self._roles.missing(RoleName)
            profile.role = ""
            self._profiles.put_in(connection, key_of(InstanceProfileName), profile)

        self._write(work)

    def tag_instance_profile(
        self, ctx: Context, *, InstanceProfileName: str, Tags: Sequence[Mapping[str, str]]
    ) -> None:
        self._retag(InstanceProfileName, lambda tags: merged_tags(tags, Tags))

    def untag_instance_profile(
        self, ctx: Context, *, InstanceProfileName: str, TagKeys: Sequence[str]
    ) -> None:
        self._retag(InstanceProfileName, lambda tags: without_tags(tags, TagKeys))

    def list_instance_profile_tags(
        self,
        ctx: Context,
        *,
        InstanceProfileName: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        tags = shown_tags(self._profile(InstanceProfileName).tags)
        return page("Tags", tags, lambda tag: tag["Key"], dict, Marker, MaxItems)

    def _retag(self, name: str, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            profile = self._profile_in(connection, name)
            profile.tags = change(profile.tags)
            self._profiles.put_in(connection, key_of(name), profile)

        self._write(work)

    def _profile(self, name: str) -> InstanceProfile:
        return self._database.read(lambda connection: self._profile_in(connection, name))

    def _profile_in(self, connection: sqlite3.Connection, name: str) -> InstanceProfile:
        profile = self._profiles.get_in(connection, key_of(name))
        if profile is None:
            raise NoSuchEntityException(f"Instance Profile {name} cannot be found.")
        return profile

    def _page(
        self, found: Sequence[InstanceProfile], marker: str | None, max_items: int | None
    ) -> dict[str, Any]:
        return page(
            "InstanceProfiles", found, lambda one: key_of(one.name), self._shown, marker, max_items
        )

    def _shown(self, profile: InstanceProfile) -> dict[str, Any]:
        role = self._roles.collection.get(key_of(profile.role)) if profile.role else None
        shown: dict[str, Any] = {
            "Path": profile.path,
            "InstanceProfileName": profile.name,
            "InstanceProfileId": profile.unique_id,
            "Arn": profile.arn,
            "CreateDate": profile.created,
            "Roles": [shown_role(role)] if role is not None else [],
        }
        return shown | ({"Tags": shown_tags(profile.tags)} if profile.tags else {})
