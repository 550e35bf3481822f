"""What functions have reserved and provisioned: as it is stored, and brought to their environments.

Only what was asked for is stored. How far provisioned environments are there is what the fleet has,
so that a new plane starts with none and makes them again.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kennel.services.lambda_.document import Alias, Function, alias_key, version_key
from kennel.services.lambda_.environments import Allocation, Fleet
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
)
from kennel.services.lambda_.naming import LATEST
from kennel.services.lambda_.routes import Routes
from kennel.store import Collection, Document

if TYPE_CHECKING:
    import sqlite3

    from kennel.services.lambda_.document import Version

__all__ = ["Capacity", "Provision", "provision_key", "provisioned_in", "shares", "unpublished"]


class Provision(Document):
    """A provisioned concurrency configuration. `qualifier` is a version or an alias,
    `last_modified` wall time in seconds."""

    function: str
    qualifier: str
    requested: int
    last_modified: float


def provision_key(function: str, qualifier: str) -> str:
    """Under which a configuration is stored: a function's are those with the prefix `NAME `."""
    return f"{function} {qualifier}"


def shares(requested: int, version: str, additional: str, weight: float) -> Mapping[str, int]:
    """How many environments each version of an alias gets. AWS says no more than that they follow
    the weights ("PutProvisionedConcurrencyConfig")."""
    second = round(requested * weight) if additional else 0
    wanted = {version: requested - second, additional: second}
    return {name: count for name, count in wanted.items() if count}


class Capacity:
    """`start` after the routes were loaded. Its methods are for any thread but the loop's."""

    def __init__(
        self,
        functions: Collection[Function],
        versions: Collection[Version],
        aliases: Collection[Alias],
        provisions: Collection[Provision],
        routes: Routes,
        fleet: Fleet,
    ) -> None:
        self._aliases = aliases
        self._functions = functions
        self._versions = versions
        self._provisions = provisions
        self._routes = routes
        self._fleet = fleet
        self._lock = threading.Lock()

    def start(self) -> None:
        """Brings everything that is stored to the fleet, and listens to what changes."""
        for name, function in self._functions.list():
            if function.reserved is not None:
                self._fleet.reserve(name, function.reserved)
        for _, provision in self._provisions.list():
            self.refresh(provision.function, provision.qualifier)
        self._routes.listen(self.refresh)

    def refresh(self, function: str, qualifier: str) -> None:
        """Has the fleet do what is stored of a function and one of its qualifiers, which may be
        gone."""
        with self._lock:  # who reads last, tells last
            found = self._functions.get(function)
            self._fleet.reserve(function, None if found is None else found.reserved)
            provision = self._provisions.get(provision_key(function, qualifier))
            wanted = {} if provision is None else self._wanted(provision)
            self._fleet.provision(function, qualifier, wanted)
            if found is None:
                self._fleet.forget(function)

    def check_free_in(
        self,
        connection: sqlite3.Connection,
        function: str,
        qualifier: str,
        versions: Sequence[str],
    ) -> None:
        """Raises if a qualifier that means these versions can't have a configuration: a version
        has one at most, its own or an alias's, and `$LATEST` none. The errors are [O]."""
        if LATEST in versions:
            raise unpublished()
        for _, other in self._provisions.list_in(connection, provision_key(function, "")):
            if other.qualifier == qualifier:
                continue
            if other.qualifier in versions:
                raise ResourceConflictException(
                    "Alias can't be used for Provisioned Concurrency configuration on an already "
                    "Provisioned version"
                )
            alias = self._aliases.get_in(connection, alias_key(function, other.qualifier))
            if alias is not None and not {alias.version, *alias.weights}.isdisjoint(versions):
                raise ResourceConflictException(
                    "Version is pointed by a Provisioned Concurrency alias"
                )

    def allocation(self, provision: Provision) -> Allocation:
        """How far the configuration's environments are there."""
        return self._fleet.allocation(provision.function, provision.qualifier)

    def _wanted(self, provision: Provision) -> Mapping[str, int]:
        name, qualifier = provision.function, provision.qualifier
        route = self._routes.route(name, qualifier)
        if route is not None:
            return shares(provision.requested, route.version, route.additional, route.weight)
        version = self._versions.get(version_key(name, qualifier))
        if version is None or version.version != qualifier:
            return {}
        return {qualifier: provision.requested}


def unpublished() -> InvalidParameterValueException:
    """The error for `$LATEST` ([O])."""
    return InvalidParameterValueException(
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    )


def provisioned_in(
    connection: sqlite3.Connection, provisions: Collection[Provision]
) -> dict[str, int]:
    """How much is provisioned, by function."""
    found: dict[str, int] = {}
    for _, provision in provisions.list_in(connection):
        found[provision.function] = found.get(provision.function, 0) + provision.requested
    return found
