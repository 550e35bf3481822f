"""What the parts of the service share: the documents, the code, and who keeps functions running."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.lambda_.authorization import Authorization
from kennel.services.lambda_.capacity import Capacity, Provision, provision_key
from kennel.services.lambda_.code_store import CodeStore
from kennel.services.lambda_.document import (
    Alias,
    Function,
    Numbers,
    Version,
    alias_key,
    version_key,
)
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    PreconditionFailedException,
    ResourceNotFoundException,
)
from kennel.services.lambda_.naming import LATEST, FunctionName, function_arn, parse_name
from kennel.services.lambda_.routes import Routes
from kennel.store import Collection

if TYPE_CHECKING:
    import sqlite3

    from kennel.services.context import Context
    from kennel.services.lambda_.keeper import FunctionKeeper
    from kennel.services.service import Parts

__all__ = ["Area", "Holdings", "check_revision", "unqualified"]


@dataclass(frozen=True, slots=True)
class Holdings:
    """The documents, what is made of them, and who makes it."""

    functions: Collection[Function]
    versions: Collection[Version]
    aliases: Collection[Alias]
    numbers: Collection[Numbers]
    code: CodeStore
    routes: Routes
    keeper: FunctionKeeper
    provisions: Collection[Provision]
    capacity: Capacity
    authorization: Authorization


class Area:
    """Some of the service's operations. `operations` are their names in snake case."""

    operations: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parts: Parts, holdings: Holdings) -> None:
        self.parts = parts
        self.functions = holdings.functions
        self.versions = holdings.versions
        self.aliases = holdings.aliases
        self.numbers = holdings.numbers
        self.code = holdings.code
        self.routes = holdings.routes
        self.keeper = holdings.keeper
        self.provisions = holdings.provisions
        self.capacity = holdings.capacity
        self.authorization = holdings.authorization

    def operation(self, name: str) -> Callable[..., dict[str, Any] | None] | None:
        """The method of an operation, or None if it is not one of this area's."""
        return getattr(self, name) if name in self.operations else None

    def require(self, ctx: Context, named: FunctionName) -> tuple[Function, Version]:
        """The function and the version that is meant: an alias means the version that it names.
        Raises ResourceNotFoundException."""
        return self.parts.database.read(lambda connection: self.require_in(ctx, connection, named))

    def require_in(
        self, ctx: Context, connection: sqlite3.Connection, named: FunctionName
    ) -> tuple[Function, Version]:
        """`require` within a transaction."""
        qualifier = named.qualifier or LATEST
        alias = self.aliases.get_in(connection, alias_key(named.name, qualifier))
        wanted = qualifier if alias is None else alias.version
        function = self.functions.get_in(connection, named.name)
        version = self.versions.get_in(connection, version_key(named.name, wanted))
        # 007 has the key of 7, and is not its name.
        if function is None or version is None or version.version != wanted:
            raise self.not_found(ctx, named)
        return function, version

    def not_found(self, ctx: Context, named: FunctionName) -> ResourceNotFoundException:
        """The error for a function or version that is not there."""
        return ResourceNotFoundException(
            f"Function not found: {function_arn(ctx, named.name, named.qualifier)}"
        )

    def drop_qualifier_in(
        self, connection: sqlite3.Connection, function: str, qualifier: str
    ) -> None:
        """Deletes what is kept for a version or an alias that is gone."""

        def change(document: Function) -> Function:
            document.policies.pop(qualifier, None)
            document.event_configs.pop(qualifier, None)
            return document

        self.functions.update_in(connection, function, change)
        self.provisions.delete_in(connection, provision_key(function, qualifier))


def unqualified(ctx: Context, text: str) -> str:
    """Reads the FunctionName of an operation that is on the function itself. Raises
    InvalidParameterValueException if it names a version or an alias."""
    named = parse_name(ctx, text)
    if named.qualifier not in ("", LATEST):
        raise InvalidParameterValueException(
            f"Current operation does not support versions other than {LATEST}. Please set the "
            f"version to {LATEST} or do not set a version in your request."
        )
    return named.name


def check_revision(given: str, revision: str) -> None:
    """Raises PreconditionFailedException if a RevisionId was given and is not the latest."""
    if given and given != revision:
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
