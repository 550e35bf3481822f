"""DeleteFunction: a function with all that belongs to it, or one published version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.lambda_.area import Area
from kennel.services.lambda_.capacity import provision_key
from kennel.services.lambda_.document import Version, alias_key, version_key
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
)
from kennel.services.lambda_.naming import LATEST, FunctionName, parse_name

if TYPE_CHECKING:
    import sqlite3

    from kennel.services.context import Context

__all__ = ["Deletion"]


class Deletion(Area):
    """Environments of what is deleted answer what they were asked, and end."""

    operations: ClassVar[frozenset[str]] = frozenset({"delete_function"})

    def delete_function(
        self, ctx: Context, *, FunctionName: str, Qualifier: str = ""
    ) -> dict[str, Any]:
        named = parse_name(ctx, FunctionName, Qualifier)
        if named.qualifier == LATEST:
            raise InvalidParameterValueException(
                f"{LATEST} version cannot be deleted without deleting the function."
            )
        if not named.qualifier:
            self._delete_all(ctx, named)
        elif named.qualifier.isdecimal():
            self._delete_version(ctx, named.name, named.qualifier)
        else:
            raise InvalidParameterValueException("Deletion of aliases is not currently supported.")
        return {"StatusCode": 204, "_status": 204}

    def _delete_all(self, ctx: Context, named: FunctionName) -> None:
        def delete(connection: sqlite3.Connection) -> list[Version]:
            self.require_in(ctx, connection, named)
            found = self.versions.list_in(connection, version_key(named.name, ""))
            for key, _ in found:
                self.versions.delete_in(connection, key)
            for key, _ in self.aliases.list_in(connection, alias_key(named.name, "")):
                self.aliases.delete_in(connection, key)
            for key, _ in self.provisions.list_in(connection, provision_key(named.name, "")):
                self.provisions.delete_in(connection, key)
            self.functions.delete_in(connection, named.name)
            return [version for _, version in found]

        versions = self.parts.database.write(delete)
        self.authorization.forget(named.name)
        self.keeper.forget(named.name, versions)
        self.routes.refresh(named.name)
        for version in versions:
            self.routes.tell(named.name, version.version)

    def _delete_version(self, ctx: Context, name: str, number: str) -> None:
        """One that isn't there is no error ([O])."""

        def delete(connection: sqlite3.Connection) -> Version | None:
            self.require_in(ctx, connection, FunctionName(name))
            pointing = [
                alias.name
                for _, alias in self.aliases.list_in(connection, alias_key(name, ""))
                if number == alias.version or number in alias.weights
            ]
            if pointing:
                raise ResourceConflictException(
                    "Unable to delete version because the following aliases reference it: "
                    f"[{', '.join(pointing)}]"
                )
            version = self.versions.get_in(connection, version_key(name, number))
            if version is None or version.version != number:
                return None
            self.versions.delete_in(connection, version_key(name, number))
            self.drop_qualifier_in(connection, name, number)
            return version

        version = self.parts.database.write(delete)
        if version is not None:
            self.authorization.forget(name)
            # An alias that has just been moved away must not lead to it for a moment more.
            self.routes.refresh(name)
            self.keeper.forget(name, [version])
            self.routes.tell(name, number)
