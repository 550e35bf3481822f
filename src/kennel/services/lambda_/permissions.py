"""Functions' resource policies, statement by statement; the authorizer evaluates them."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.lambda_.area import Area, check_revision
from kennel.services.lambda_.authorization import policy_text
from kennel.services.lambda_.document import Alias, Function, Version, alias_key, version_key
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    PolicyLengthExceededException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from kennel.services.lambda_.naming import LATEST, FunctionName, function_arn, parse_name

if TYPE_CHECKING:
    import sqlite3

    from kennel.services.context import Context

__all__ = ["Permissions"]

_MOST_BYTES = 20_480  # of a policy ("Lambda quotas")


class Permissions(Area):
    """AddPermission, RemovePermission, GetPolicy. A function has a policy for each qualifier."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"add_permission", "remove_permission", "get_policy"}
    )

    def add_permission(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        StatementId: str,
        Action: str,
        Principal: str,
        SourceArn: str = "",
        SourceAccount: str = "",
        EventSourceToken: str = "",
        PrincipalOrgID: str = "",
        Qualifier: str = "",
        RevisionId: str = "",
    ) -> dict[str, Any]:
        """Adds a statement. Raises ResourceConflictException if its id is taken."""
        named = parse_name(ctx, FunctionName, Qualifier)
        arn = function_arn(ctx, named.name, named.qualifier)
        statement: dict[str, Any] = {
            "Sid": StatementId,
            "Effect": "Allow",
            "Principal": _principal(Principal),
            "Action": Action,
            "Resource": arn,
        }
        conditions: dict[str, dict[str, str]] = {}
        for operator, key, value in (
            ("ArnLike", "AWS:SourceArn", SourceArn),
            ("StringEquals", "AWS:SourceAccount", SourceAccount),
            ("StringEquals", "lambda:EventSourceToken", EventSourceToken),
            ("StringEquals", "aws:PrincipalOrgID", PrincipalOrgID),
        ):
            if value:
                conditions.setdefault(operator, {})[key] = value
        if conditions:
            statement["Condition"] = conditions

        def change(statements: list[dict[str, Any]]) -> None:
            if any(known["Sid"] == StatementId for known in statements):
                raise ResourceConflictException(
                    f"The statement id ({StatementId}) provided already exists. Please provide a "
                    "new statement id, or remove the existing statement."
                )
            statements.append(statement)
            if len(policy_text(statements)) > _MOST_BYTES:
                raise PolicyLengthExceededException(
                    f"The final policy size is bigger than the limit ({_MOST_BYTES})."
                )

        self._change(ctx, FunctionName, Qualifier, RevisionId, change)
        return {"Statement": json.dumps(statement, separators=(",", ":"))}

    def remove_permission(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        StatementId: str,
        Qualifier: str = "",
        RevisionId: str = "",
    ) -> None:
        """Removes a statement. Raises ResourceNotFoundException if there is none of that id."""

        def change(statements: list[dict[str, Any]]) -> None:
            kept = [known for known in statements if known["Sid"] != StatementId]
            if len(kept) == len(statements):
                raise ResourceNotFoundException(
                    f"Statement {StatementId} is not found in resource policy."
                )
            statements[:] = kept

        self._change(ctx, FunctionName, Qualifier, RevisionId, change)

    def get_policy(self, ctx: Context, *, FunctionName: str, Qualifier: str = "") -> dict[str, Any]:
        named = parse_name(ctx, FunctionName, Qualifier)

        def read(connection: sqlite3.Connection) -> tuple[Function, str]:
            function, holder = self._holder_in(ctx, connection, named)
            return function, holder.revision_id

        function, revision = self.parts.database.read(read)
        statements = function.policies.get(named.qualifier)
        if not statements:
            raise ResourceNotFoundException("The resource you requested does not exist.")
        return {"Policy": policy_text(statements), "RevisionId": revision}

    def _change(self, ctx: Context, name: str, qualifier: str, revision: str, change: Any) -> None:
        named = parse_name(ctx, name, qualifier)
        if named.qualifier == LATEST:
            raise InvalidParameterValueException(
                f"We currently do not support adding policies for {LATEST}."
            )

        def apply(connection: sqlite3.Connection) -> None:
            function, holder = self._holder_in(ctx, connection, named)
            check_revision(revision, holder.revision_id)
            statements = function.policies.setdefault(named.qualifier, [])
            change(statements)
            if not statements:
                del function.policies[named.qualifier]
            self.functions.put_in(connection, function.name, function)
            holder.revision_id = str(uuid.uuid4())
            if isinstance(holder, Alias):
                self.aliases.put_in(connection, alias_key(named.name, holder.name), holder)
            else:
                key = version_key(named.name, holder.version)
                self.versions.put_in(connection, key, holder)

        self.parts.database.write(apply)
        self.authorization.forget(named.name)

    def _holder_in(
        self, ctx: Context, connection: sqlite3.Connection, named: FunctionName
    ) -> tuple[Function, Version | Alias]:
        """The function, and the version or alias whose policy is meant: its RevisionId counts."""
        function, version = self.require_in(ctx, connection, named)
        alias = self.aliases.get_in(connection, alias_key(named.name, named.qualifier))
        return function, alias or version


def _principal(given: str) -> Any:
    """An account, an ARN or a service, as a policy states it."""
    if given == "*":
        return "*"
    if given.isdecimal():
        return {"AWS": f"arn:aws:iam::{given}:root"}
    return {"AWS": given} if given.startswith("arn:") else {"Service": given}
