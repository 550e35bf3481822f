"""Aliases: names for versions that callers use, and that point elsewhere when told to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.lambda_.area import Area, check_revision, unqualified
from kennel.services.lambda_.capacity import provision_key
from kennel.services.lambda_.document import Alias, alias_key
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from kennel.services.lambda_.naming import LATEST, FunctionName, function_arn
from kennel.services.lambda_.paging import marked
from kennel.services.page_token import encode_place

if TYPE_CHECKING:
    import sqlite3

    from kennel.services.context import Context

__all__ = ["Aliases"]

_PAGE = 50  # aliases that a page has at most


class Aliases(Area):
    """CreateAlias, GetAlias, UpdateAlias, DeleteAlias, ListAliases."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"create_alias", "delete_alias", "get_alias", "list_aliases", "update_alias"}
    )

    def create_alias(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        Name: str,
        FunctionVersion: str,
        Description: str = "",
        RoutingConfig: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Gives a version a name. Raises ResourceConflictException if the name is taken."""
        function = unqualified(ctx, FunctionName)
        alias = Alias(
            function=function,
            name=Name,
            version=FunctionVersion,
            revision_id=str(uuid.uuid4()),
            description=Description,
            weights=_weights(RoutingConfig),
        )

        def create(connection: sqlite3.Connection) -> None:
            self._check(ctx, connection, alias)
            if not self.aliases.add_in(connection, alias_key(function, Name), alias):
                raise ResourceConflictException(
                    f"Alias already exists: {function_arn(ctx, function, Name)}"
                )

        self.parts.database.write(create)
        self.routes.refresh(function)
        return _described(ctx, alias)

    def get_alias(self, ctx: Context, *, FunctionName: str, Name: str) -> dict[str, Any]:
        function = unqualified(ctx, FunctionName)
        return _described(
            ctx,
            self.parts.database.read(
                lambda connection: self._require_in(ctx, connection, function, Name)
            ),
        )

    def update_alias(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        Name: str,
        FunctionVersion: str | None = None,
        Description: str | None = None,
        RoutingConfig: Mapping[str, Any] | None = None,
        RevisionId: str = "",
    ) -> dict[str, Any]:
        """Changes what is given. A RoutingConfig without weights ends the sharing."""
        function = unqualified(ctx, FunctionName)

        def update(connection: sqlite3.Connection) -> Alias:
            alias = self._require_in(ctx, connection, function, Name)
            check_revision(RevisionId, alias.revision_id)
            if FunctionVersion is not None:
                alias.version = FunctionVersion
            if Description is not None:
                alias.description = Description
            if RoutingConfig is not None:
                alias.weights = _weights(RoutingConfig)
            self._check(ctx, connection, alias)
            alias.revision_id = str(uuid.uuid4())
            self.aliases.put_in(connection, alias_key(function, Name), alias)
            return alias

        alias = self.parts.database.write(update)
        self.routes.refresh(function)
        return _described(ctx, alias)

    def delete_alias(self, ctx: Context, *, FunctionName: str, Name: str) -> None:
        """Deletes an alias with its permissions, event settings and provisioned concurrency; one
        that isn't there is no error ([O])."""
        function = unqualified(ctx, FunctionName)

        def delete(connection: sqlite3.Connection) -> None:
            if self.functions.get_in(connection, function) is None:
                raise self.not_found(ctx, _plain(function))
            if self.aliases.delete_in(connection, alias_key(function, Name)):
                self.drop_qualifier_in(connection, function, Name)

        self.parts.database.write(delete)
        self.authorization.forget(function)
        self.routes.refresh(function)

    def list_aliases(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        FunctionVersion: str = "",
        Marker: str = "",
        MaxItems: int = _PAGE,
    ) -> dict[str, Any]:
        """By name; with a FunctionVersion, those that invoke it."""
        function = unqualified(ctx, FunctionName)
        self.require(ctx, _plain(function))
        after = marked(Marker, "aliases") if Marker else ""
        limit = min(MaxItems, _PAGE)
        found = [
            alias
            for _, alias in self.aliases.list(alias_key(function, ""))
            if alias.name > after and _invokes(alias, FunctionVersion)
        ]
        result: dict[str, Any] = {"Aliases": [_described(ctx, alias) for alias in found[:limit]]}
        if len(found) > limit:
            result["NextMarker"] = encode_place("aliases", found[limit - 1].name)
        return result

    def _require_in(
        self, ctx: Context, connection: sqlite3.Connection, function: str, name: str
    ) -> Alias:
        self.require_in(ctx, connection, FunctionName(function))
        alias = self.aliases.get_in(connection, alias_key(function, name))
        if alias is None:
            raise ResourceNotFoundException(
                f"Cannot find alias arn: {function_arn(ctx, function, name)}"
            )
        return alias

    def _check(self, ctx: Context, connection: sqlite3.Connection, alias: Alias) -> None:
        """Raises what stands against an alias ("Create a routing configuration for a Lambda
        alias")."""
        _, version = self.require_in(ctx, connection, FunctionName(alias.function, alias.version))
        provision = self.provisions.get_in(connection, provision_key(alias.function, alias.name))
        if provision is not None:
            versions = (alias.version, *alias.weights)
            self.capacity.check_free_in(connection, alias.function, alias.name, versions)
        for other in alias.weights:
            if other == alias.version:
                raise InvalidParameterValueException(
                    f"Invalid function version {other}. Function version {other} is already "
                    "included in routing configuration."
                )
            if alias.version == LATEST:
                raise InvalidParameterValueException(
                    f"{LATEST} is not supported for an alias pointing to more than 1 version"
                )
            _, second = self.require_in(ctx, connection, FunctionName(alias.function, other))
            if second.role != version.role:
                raise InvalidParameterValueException(
                    "Specified versions must be associated with the same execution role"
                )


def _weights(config: Mapping[str, Any] | None) -> dict[str, float]:
    weights = dict((config or {}).get("AdditionalVersionWeights") or {})
    if len(weights) > 1:
        raise InvalidParameterValueException(
            "Number of items in AdditionalVersionWeights cannot be greater than 1"
        )
    return weights


def _invokes(alias: Alias, version: str) -> bool:
    return not version or version == alias.version or version in alias.weights


def _plain(function: str) -> FunctionName:
    return FunctionName(function)


def _described(ctx: Context, alias: Alias) -> dict[str, Any]:
    result: dict[str, Any] = {
        "AliasArn": function_arn(ctx, alias.function, alias.name),
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.weights:
        result["RoutingConfig"] = {"AdditionalVersionWeights": alias.weights}
    return result
