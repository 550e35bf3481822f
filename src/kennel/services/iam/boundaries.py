"""Permissions boundaries of users and roles. They are kept; policy evaluation reads them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from kennel.services.context import Context
from kennel.services.iam.base import IamBase
from kennel.services.iam.documents import Role, User

__all__ = ["BoundaryOperations"]


class BoundaryOperations(IamBase):
    """Set and remove boundaries."""

    def put_user_permissions_boundary(
        self, ctx: Context, *, UserName: str, PermissionsBoundary: str
    ) -> None:
        def work(connection: sqlite3.Connection) -> None:
            self._check_boundary_in(connection, PermissionsBoundary)
            self._users.change_in(connection, UserName, _setting(PermissionsBoundary))

        self._write(work)

    def delete_user_permissions_boundary(self, ctx: Context, *, UserName: str) -> None:
        self._change(self._users, UserName, _setting(""))

    def put_role_permissions_boundary(
        self, ctx: Context, *, RoleName: str, PermissionsBoundary: str
    ) -> None:
        def work(connection: sqlite3.Connection) -> None:
            self._check_boundary_in(connection, PermissionsBoundary)
            self._roles.change_in(connection, RoleName, _setting(PermissionsBoundary))

        self._write(work)

    def delete_role_permissions_boundary(self, ctx: Context, *, RoleName: str) -> None:
        self._change(self._roles, RoleName, _setting(""))


def _setting(arn: str) -> Callable[[User | Role], None]:
    def change(holder: User | Role) -> None:
        holder.boundary = arn

    return change
