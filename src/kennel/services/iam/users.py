"""Users."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from kennel.identity import PrincipalKind
from kennel.services.context import Context
from kennel.services.iam.base import IamBase, key_of, shown_boundary, shown_tags
from kennel.services.iam.documents import User
from kennel.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    ValidationError,
)
from kennel.services.iam.naming import new_unique_id
from kennel.services.iam.paging import page
from kennel.services.iam.tagging import merged_tags, without_tags

__all__ = ["UserOperations", "caller_name", "listed_user", "shown_user"]


class UserOperations(IamBase):
    """Create, read, change and delete users."""

    def create_user(
        self,
        ctx: Context,
        *,
        UserName: str,
        Path: str = "/",
        PermissionsBoundary: str = "",
        Tags: Sequence[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        user = User(
            name=UserName,
            path=Path,
            unique_id=new_unique_id("AIDA"),
            arn=self._arn("user", Path, UserName),
            created=self._now(),
            tags=merged_tags({}, Tags),
            boundary=PermissionsBoundary,
        )

        def work(connection: sqlite3.Connection) -> None:
            self._check_boundary_in(connection, PermissionsBoundary)
            if not self._users.collection.add_in(connection, key_of(UserName), user):
                raise _taken(UserName)

        self._write(work)
        return {"User": shown_user(user)}

    def get_user(self, ctx: Context, *, UserName: str = "") -> dict[str, Any]:
        if not UserName and ctx.principal.kind is PrincipalKind.ROOT:
            account = self.parts.account_id
            root = {"Path": "/", "UserId": account, "Arn": ctx.principal.arn, "CreateDate": 0.0}
            return {"User": root | {"UserName": "root"}}
        return {"User": shown_user(self._users.get(UserName or caller_name(ctx)))}

    def list_users(
        self,
        ctx: Context,
        *,
        PathPrefix: str = "/",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        found = [user for user in self._users.all() if user.path.startswith(PathPrefix)]
        return page("Users", found, lambda user: key_of(user.name), listed_user, Marker, MaxItems)

    def update_user(
        self, ctx: Context, *, UserName: str, NewPath: str = "", NewUserName: str = ""
    ) -> None:
        with self._user_keys_lock:
            user = self._users.get(UserName)
            user.path = NewPath or user.path
            user.name = NewUserName or user.name
            user.arn = self._arn("user", user.path, user.name)

            def work(connection: sqlite3.Connection) -> None:
                current = self._users.get_in(connection, UserName)
                current.path, current.name, current.arn = user.path, user.name, user.arn
                if key_of(user.name) != key_of(UserName):
                    if not self._users.collection.add_in(connection, key_of(user.name), current):
                        raise _taken(user.name)
                    self._users.collection.delete_in(connection, key_of(UserName))
                else:
                    self._users.collection.put_in(connection, key_of(UserName), current)

            self.parts.credentials.rename_user(user.unique_id, user.arn, work)
            self._changed()

    def delete_user(self, ctx: Context, *, UserName: str) -> None:
        with self._user_keys_lock:

            def work(connection: sqlite3.Connection) -> None:
                user = self._users.get_in(connection, UserName)
                if self.parts.credentials.user_keys(user.unique_id):
                    raise DeleteConflictException(
                        "Cannot delete entity, must delete access keys first."
                    )
                if user.inline:
                    raise DeleteConflictException(
                        "Cannot delete entity, must delete policies first."
                    )
                if user.attached:
                    raise DeleteConflictException(
                        "Cannot delete entity, must detach all policies first."
                    )
                if user.groups:
                    raise DeleteConflictException(
                        "Cannot delete entity, must remove users from group first."
                    )
                self._users.collection.delete_in(connection, key_of(UserName))

            self._write(work)

    def tag_user(self, ctx: Context, *, UserName: str, Tags: Sequence[Mapping[str, str]]) -> None:
        def change(user: User) -> None:
            user.tags = merged_tags(user.tags, Tags)

        self._change(self._users, UserName, change)

    def untag_user(self, ctx: Context, *, UserName: str, TagKeys: Sequence[str]) -> None:
        def change(user: User) -> None:
            user.tags = without_tags(user.tags, TagKeys)

        self._change(self._users, UserName, change)

    def list_user_tags(
        self,
        ctx: Context,
        *,
        UserName: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        tags = shown_tags(self._users.get(UserName).tags)
        return page("Tags", tags, lambda tag: tag["Key"], dict, Marker, MaxItems)


def caller_name(ctx: Context) -> str:
    """The name of the user who calls. Raises ValidationError if it is no user."""
    if ctx.principal.kind is not PrincipalKind.USER:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return ctx.principal.arn.rpartition("/")[2]


def shown_user(user: User) -> dict[str, Any]:
    """A user as Create and Get answer it."""
    shown = listed_user(user)
    if user.tags:
        shown["Tags"] = shown_tags(user.tags)
    return shown


def listed_user(user: User) -> dict[str, Any]:
    """A user as lists carry it."""
    shown: dict[str, Any] = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.unique_id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }
    if user.boundary:
        shown["PermissionsBoundary"] = shown_boundary(user.boundary)
    return shown


def _taken(name: str) -> EntityAlreadyExistsException:
    return EntityAlreadyExistsException(f"User with name {name} already exists.")
