"""Provisioned concurrency: environments of a version or an alias that are ready beforehand.

[O] marks errors that others saw of AWS (localstack's tests against it) and no page says.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.scaling.admission import ACCOUNT_LIMIT, LEAST_UNRESERVED
from kennel.services.lambda_.area import Area
from kennel.services.lambda_.capacity import Provision, provision_key, provisioned_in, unpublished
from kennel.services.lambda_.document import Function, alias_key
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    ProvisionedConcurrencyConfigNotFoundException,
    ResourceNotFoundException,
)
from kennel.services.lambda_.naming import LATEST, FunctionName, function_arn, parse_name
from kennel.services.lambda_.paging import marked
from kennel.services.page_token import encode_place

if TYPE_CHECKING:
    import sqlite3

    from kennel.services.context import Context

__all__ = ["ProvisionedConcurrency"]

_PAGE = 50


class ProvisionedConcurrency(Area):
    """The operations on provisioned concurrency configurations."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "delete_provisioned_concurrency_config",
            "get_provisioned_concurrency_config",
            "list_provisioned_concurrency_configs",
            "put_provisioned_concurrency_config",
        }
    )

    def put_provisioned_concurrency_config(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        Qualifier: str,
        ProvisionedConcurrentExecutions: int,
    ) -> dict[str, Any]:
        """Replaces the qualifier's configuration; its environments follow."""
        named = parse_name(ctx, FunctionName, Qualifier)
        if named.qualifier == LATEST:
            raise unpublished()
        provision = Provision(
            function=named.name,
            qualifier=named.qualifier,
            requested=ProvisionedConcurrentExecutions,
            last_modified=self.parts.clock.wall(),
        )

        def put(connection: sqlite3.Connection) -> None:
            function, version = self._require_in(ctx, connection, named)
            self._check_amount_in(connection, function, provision)
            self._check_qualifier_in(connection, named, version)
            key = provision_key(named.name, named.qualifier)
            self.provisions.put_in(connection, key, provision)

        self.parts.database.write(put)
        self.capacity.refresh(named.name, named.qualifier)
        return self._described(provision)

    def get_provisioned_concurrency_config(
        self, ctx: Context, *, FunctionName: str, Qualifier: str
    ) -> dict[str, Any]:
        """How far the environments are there now."""
        named = _published(parse_name(ctx, FunctionName, Qualifier))

        def get(connection: sqlite3.Connection) -> Provision | None:
            self._require_in(ctx, connection, named)
            return self.provisions.get_in(connection, provision_key(named.name, named.qualifier))

        provision = self.parts.database.read(get)
        if provision is None:
            raise ProvisionedConcurrencyConfigNotFoundException(
                "No Provisioned Concurrency Config found for this function"
            )
        return self._described(provision)

    def delete_provisioned_concurrency_config(
        self, ctx: Context, *, FunctionName: str, Qualifier: str
    ) -> None:
        """One that is not there is no error ([O])."""
        named = _published(parse_name(ctx, FunctionName, Qualifier))

        def delete(connection: sqlite3.Connection) -> None:
            self._require_in(ctx, connection, named)
            self.provisions.delete_in(connection, provision_key(named.name, named.qualifier))

        self.parts.database.write(delete)
        self.capacity.refresh(named.name, named.qualifier)

    def list_provisioned_concurrency_configs(
        self, ctx: Context, *, FunctionName: str, Marker: str = "", MaxItems: int = _PAGE
    ) -> dict[str, Any]:
        """By qualifier."""
        name = parse_name(ctx, FunctionName).name
        self.require(ctx, _named(name))
        after = provision_key(name, marked(Marker, "provisioned")) if Marker else ""
        found = self.provisions.list(provision_key(name, ""), after, MaxItems + 1)
        page = [provision for _, provision in found[:MaxItems]]
        result: dict[str, Any] = {
            "ProvisionedConcurrencyConfigs": [
                {"FunctionArn": function_arn(ctx, name, one.qualifier), **self._described(one)}
                for one in page
            ]
        }
        if len(found) > MaxItems:
            result["NextMarker"] = encode_place("provisioned", page[-1].qualifier)
        return result

    def _described(self, provision: Provision) -> dict[str, Any]:
        standing = self.capacity.allocation(provision)
        result = {
            "RequestedProvisionedConcurrentExecutions": provision.requested,
            "AllocatedProvisionedConcurrentExecutions": standing.allocated,
            "AvailableProvisionedConcurrentExecutions": standing.available,
            "Status": standing.status,
            "LastModified": _timestamp(provision.last_modified),
        }
        if standing.reason:
            result["StatusReason"] = standing.reason
        return result

    def _require_in(
        self, ctx: Context, connection: sqlite3.Connection, named: FunctionName
    ) -> tuple[Function, str]:
        """The function, and the version that the qualifier means."""
        alias = self.aliases.get_in(connection, alias_key(named.name, named.qualifier))
        if alias is None and not named.qualifier.isdecimal():
            self.require_in(ctx, connection, _named(named.name))
            arn = function_arn(ctx, named.name, named.qualifier)
            raise ResourceNotFoundException(f"Cannot find alias arn: {arn}")
        function, version = self.require_in(ctx, connection, named)
        return function, version.version

    def _check_amount_in(
        self, connection: sqlite3.Connection, function: Function, wanted: Provision
    ) -> None:
        provisioned = provisioned_in(connection, self.provisions)
        former = self.provisions.get_in(
            connection, provision_key(wanted.function, wanted.qualifier)
        )
        own = provisioned.get(wanted.function, 0) + wanted.requested
        own -= 0 if former is None else former.requested
        if function.reserved is not None:
            if own > function.reserved:
                raise InvalidParameterValueException(
                    "Requested Provisioned Concurrency should not be greater than the "
                    "reservedConcurrentExecution for function"
                )
            return
        if wanted.requested > ACCOUNT_LIMIT:
            raise InvalidParameterValueException(
                "Specified ConcurrentExecutions for function is greater than account's unreserved "
                f"concurrency [{ACCOUNT_LIMIT}]."
            )
        claimed = sum(
            other.reserved if other.reserved is not None else provisioned.get(name, 0)
            for name, other in self.functions.list_in(connection)
            if name != wanted.function
        )
        if ACCOUNT_LIMIT - claimed - own < LEAST_UNRESERVED:
            raise InvalidParameterValueException(
                "Specified ConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
            )

    def _check_qualifier_in(
        self, connection: sqlite3.Connection, named: FunctionName, version: str
    ) -> None:
        alias = self.aliases.get_in(connection, alias_key(named.name, named.qualifier))
        if alias is not None and alias.weights:
            raise InvalidParameterValueException(
                "Invalid alias configuration for Provisioned Concurrency"  # [O]
            )
        self.capacity.check_free_in(connection, named.name, named.qualifier, (version,))


def _timestamp(seconds: float) -> str:
    """LastModified's form here: `2026-01-31T12:00:00+0000`, as in the guide's examples."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(seconds))


def _published(named: FunctionName) -> FunctionName:
    if named.qualifier == LATEST:
        raise InvalidParameterValueException(
            "The function resource provided must be an alias or a published version."
        )
    return named


def _named(name: str) -> FunctionName:
    return FunctionName(name)
