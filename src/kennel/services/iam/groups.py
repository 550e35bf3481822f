"""Groups, and who is in them."""

from __future__ import annotations

import sqlite3
from typing import Any

from kennel.services.context import Context
from kennel.services.iam.base import IamBase, key_of
from kennel.services.iam.documents import Group, User
from kennel.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
    NoSuchEntityException,
)
from kennel.services.iam.naming import new_unique_id
from kennel.services.iam.paging import page
from kennel.services.iam.users import listed_user

__all__ = ["GroupOperations"]

_MOST_GROUPS = 10


class GroupOperations(IamBase):
    """Create, read, change and delete groups, and move users in and out."""

    def create_group(self, ctx: Context, *, GroupName: str, Path: str = "/") -> dict[str, Any]:
        group = Group(
            name=GroupName,
            path=Path,
            unique_id=new_unique_id("AGPA"),
            arn=self._arn("group", Path, GroupName),
            created=self._now(),
        )

        def work(connection: sqlite3.Connection) -> None:
            if not self._groups.collection.add_in(connection, key_of(GroupName), group):
                raise _taken(GroupName)

        self._write(work)
        return {"Group": _shown(group)}

    def get_group(
        self,
        ctx: Context,
        *,
        GroupName: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        group = self._groups.get(GroupName)
        members = self._members(group.name)
        reply = page(
            "Users", members, lambda user: key_of(user.name), listed_user, Marker, MaxItems
        )
        return {"Group": _shown(group)} | reply

    def list_groups(
        self,
        ctx: Context,
        *,
        PathPrefix: str = "/",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        found = [group for group in self._groups.all() if group.path.startswith(PathPrefix)]
        return page("Groups", found, lambda group: key_of(group.name), _shown, Marker, MaxItems)

    def list_groups_for_user(
        self,
        ctx: Context,
        *,
        UserName: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        names = {key_of(name) for name in self._users.get(UserName).groups}
        found = [group for group in self._groups.all() if key_of(group.name) in names]
        return page("Groups", found, lambda group: key_of(group.name), _shown, Marker, MaxItems)

    def update_group(
        self, ctx: Context, *, GroupName: str, NewPath: str = "", NewGroupName: str = ""
    ) -> None:
        def work(connection: sqlite3.Connection) -> None:
            group = self._groups.get_in(connection, GroupName)
            old_name = group.name
            group.path = NewPath or group.path
            group.name = NewGroupName or group.name
            group.arn = self._arn("group", group.path, group.name)
            if key_of(group.name) != key_of(old_name):
                if not self._groups.collection.add_in(connection, key_of(group.name), group):
                    raise _taken(group.name)
                self._groups.collection.delete_in(connection, key_of(old_name))
            else:
                self._groups.collection.put_in(connection, key_of(old_name), group)
            for key, user in self._users.collection.list_in(connection):
                if old_name in user.groups:
                    user.groups[user.groups.index(old_name)] = group.name
                    self._users.collection.put_in(connection, key, user)

        self._write(work)

    def delete_group(self, ctx: Context, *, GroupName: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            group = self._groups.get_in(connection, GroupName)
            if any(
                group.name in user.groups for _, user in self._users.collection.list_in(connection)
            ):
                raise DeleteConflictException(
                    "Cannot delete entity, must remove users from group first."
                )
            if group.inline:
                raise DeleteConflictException("Cannot delete entity, must delete policies first.")
            if group.attached:
                raise DeleteConflictException(
                    "Cannot delete entity, must detach all policies first."
                )
            self._groups.collection.delete_in(connection, key_of(GroupName))

        self._write(work)

    def add_user_to_group(self, ctx: Context, *, GroupName: str, UserName: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            group = self._groups.get_in(connection, GroupName)

            def join(user: User) -> None:
                if group.name in user.groups:
                    return
                if len(user.groups) >= _MOST_GROUPS:
                    raise LimitExceededException(
                        f"Cannot exceed quota for GroupsPerUser: {_MOST_GROUPS}"
                    )
                user.groups.append(group.name)

            self._users.change_in(connection, UserName, join)

        self._write(work)

    def remove_user_from_group(self, ctx: Context, *, GroupName: str, UserName: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            group = self._groups.get_in(connection, GroupName)

            def leave(user: User) -> None:
                if group.name not in user.groups:
                    raise NoSuchEntityException(
                        f"The user with name {UserName} cannot be found in the group {GroupName}."
                    )
                user.groups.remove(group.name)

            self._users.change_in(connection, UserName, leave)

        self._write(work)

    def _members(self, group_name: str) -> list[User]:
        return [user for user in self._users.all() if group_name in user.groups]


def _shown(group: Group) -> dict[str, Any]:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.unique_id,
        "Arn": group.arn,
        "CreateDate": group.created,
    }


def _taken(name: str) -> EntityAlreadyExistsException:
    return EntityAlreadyExistsException(f"Group with name {name} already exists.")
