"""Every provisioned concurrency configuration of the plane, with its environments.

A configuration is a version's or an alias's. An alias with two versions has environments of both.
Everything here belongs to the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from kennel.clock import Clock
from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.environment import Environment
from kennel.services.lambda_.environments.provisioned_pool import (
    Allocation,
    ProvisionedPool,
    ProvisionedStatus,
)

__all__ = ["Provisioning"]

_FROM_WORST = (ProvisionedStatus.FAILED, ProvisionedStatus.IN_PROGRESS, ProvisionedStatus.READY)


@dataclass(slots=True)
class _Configuration:
    """How many environments there are to be of which version, and those that there are."""

    wanted: Mapping[str, int]
    pools: dict[str, ProvisionedPool] = field(default_factory=dict)


class Provisioning:
    """`make` and `close` are for environments; `changed` is called with a function and how many
    environments it has allocated."""

    def __init__(
        self,
        clock: Clock,
        make: Callable[[Deployment], Environment],
        close: Callable[[Environment], None],
        changed: Callable[[str, int], None],
    ) -> None:
        self._clock = clock
        self._make = make
        self._close = close
        self._changed = changed
        self._deployments: dict[tuple[str, str], Deployment] = {}
        self._configurations: dict[str, dict[str, _Configuration]] = {}
        self._leaving: dict[tuple[str, str], set[ProvisionedPool]] = {}
        self._waiting: dict[tuple[str, str], Callable[[], None]] = {}

    def configure(self, function: str, qualifier: str, wanted: Mapping[str, int]) -> None:
        """Has so many environments of these versions for the qualifier; none ends it. What failed
        before is tried again."""
        configurations = self._configurations.setdefault(function, {})
        configuration = configurations.setdefault(qualifier, _Configuration({}))
        configuration.wanted = wanted
        if not wanted:
            del configurations[qualifier]
        for version in [version for version in configuration.pools if version not in wanted]:
            self._leave(function, version, configuration.pools.pop(version))
        for version in wanted:
            self._fit(function, version, configuration)
        self._tell(function)

    def published(self, deployment: Deployment) -> None:
        """A version can be served: environments for it are made from this."""
        self._deployments[deployment.function, deployment.version] = deployment
        for configuration in self._configurations.get(deployment.function, {}).values():
            self._fit(deployment.function, deployment.version, configuration)

    def withdraw(self, function: str, version: str, gone: Callable[[], None]) -> None:
        """Serves a version no more; `gone` is called once nothing runs of what was allocated."""
        self._deployments.pop((function, version), None)
        for configuration in self._configurations.get(function, {}).values():
            if (pool := configuration.pools.pop(version, None)) is not None:
                self._leave(function, version, pool)
        if self._leaving.get((function, version)):
            self._waiting[function, version] = gone
        else:
            gone()

    def find(
        self, function: str, qualifier: str, version: str
    ) -> tuple[str, ProvisionedPool] | None:
        """The environments for an invocation of a version by a qualifier, and whose they are: the
        alias's that was called, else the version's."""
        configurations = self._configurations.get(function)
        if not configurations:
            return None
        for name in (qualifier, version):
            configuration = configurations.get(name)
            if configuration is not None and (pool := configuration.pools.get(version)) is not None:
                return name, pool
        return None

    def allocation(self, function: str, qualifier: str) -> Allocation:
        """How the qualifier's configuration stands, over its versions."""
        configuration = self._configurations.get(function, {}).get(qualifier)
        if configuration is None:
            return Allocation()
        parts = [
            configuration.pools[version].allocation()
            if version in configuration.pools
            else Allocation()
            for version in configuration.wanted
        ]
        return Allocation(
            sum(part.allocated for part in parts),
            sum(part.available for part in parts),
            min((part.status for part in parts), key=_FROM_WORST.index),
            next((part.reason for part in parts if part.reason), ""),
        )

    def renew(self) -> None:
        """Replaces environments that have lived long enough."""
        for pool in self._pools():
            pool.renew()

    def close_all(self) -> None:
        """Gives every environment up, for the plane's end."""
        leaving = [pool for pools in self._leaving.values() for pool in pools]
        for pool in (*self._pools(), *leaving):
            pool.close_all()
        self._configurations.clear()

    def _fit(self, function: str, version: str, configuration: _Configuration) -> None:
        deployment = self._deployments.get((function, version))
        count = configuration.wanted.get(version, 0)
        if deployment is None or not count:
            return
        pool = configuration.pools.get(version)
        if pool is None:
            pool = configuration.pools[version] = ProvisionedPool(
                deployment, self._clock, self._make, self._close, lambda: self._tell(function)
            )
        pool.resize(count)

    def _leave(self, function: str, version: str, pool: ProvisionedPool) -> None:
        """Ends a pool's environments; those in use answer first."""
        key = (function, version)
        self._leaving.setdefault(key, set()).add(pool)

        def emptied() -> None:
            pools = self._leaving[key]
            pools.discard(pool)
            if not pools:
                del self._leaving[key]
                self._waiting.pop(key, lambda: None)()
            self._tell(function)

        pool.end(emptied)

    def _pools(self) -> Iterator[ProvisionedPool]:
        for configurations in self._configurations.values():
            for configuration in configurations.values():
                yield from configuration.pools.values()

    def _tell(self, function: str) -> None:
        """A pool that leaves still holds what it has not closed."""
        pools = [
            pool
            for configuration in self._configurations.get(function, {}).values()
            for pool in configuration.pools.values()
        ]
        for (name, _), leaving in self._leaving.items():
            if name == function:
                pools += leaving
        self._changed(function, sum(pool.allocated for pool in pools))
