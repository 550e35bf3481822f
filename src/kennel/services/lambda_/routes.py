"""Where invocations by an alias go: to one version, or by chance to one of two.

The routes are in memory, so that an invocation reads no document.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from kennel.services.lambda_.document import Alias, alias_key
from kennel.services.lambda_.naming import LATEST
from kennel.store import Collection

__all__ = ["Listener", "Route", "Routes", "route_of"]

Listener = Callable[[str, str], None]
"""Called with a function and a qualifier of it."""


@dataclass(frozen=True, slots=True)
class Route:
    """What an alias stands for. `weight` is the share of `additional`, 0 to 1."""

    version: str
    additional: str = ""
    weight: float = 0.0

    def choose(self, draw: float) -> str:
        """The version for an invocation. `draw` is evenly distributed over 0 (included) to 1
        (excluded), so that a weight of 0 never chooses the additional version, and 1 always."""
        return self.additional if draw < self.weight else self.version


def route_of(alias: Alias) -> Route:
    """The route that an alias says."""
    for version, weight in alias.weights.items():
        return Route(alias.version, version, weight)
    return Route(alias.version)


class Routes:
    """The aliases of all functions. `load` before use; `resolve` and `route` from any thread."""

    def __init__(self, aliases: Collection[Alias]) -> None:
        self._aliases = aliases
        self._routes: dict[str, dict[str, Route]] = {}
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def load(self) -> None:
        """Reads every alias."""
        for _, alias in self._aliases.list():
            self._routes.setdefault(alias.function, {})[alias.name] = route_of(alias)

    def listen(self, listener: Listener) -> None:
        """Has `listener` called after an alias was changed, and after an alias or a version is
        gone, on the thread of the operation and before its reply."""
        self._listeners.append(listener)

    def route(self, function: str, alias: str) -> Route | None:
        """What the alias stands for, or None if there is no such alias."""
        return self._routes.get(function, {}).get(alias)

    def resolve(self, function: str, qualifier: str) -> str:
        """The version that serves an invocation: chosen anew each time where there are two.
        A qualifier that is no alias is taken for a version; no qualifier means `$LATEST`."""
        if not qualifier:
            return LATEST
        route = self.route(function, qualifier)
        return qualifier if route is None else route.choose(random.random())

    def refresh(self, function: str) -> None:
        """Takes the function's aliases over from the store after they have changed, and tells the
        listeners what is different."""
        # Whoever changed them last reads them last, in whatever order the changes come here.
        with self._lock:
            former = self._routes.get(function, {})
            prefix = alias_key(function, "")
            found = {alias.name: route_of(alias) for _, alias in self._aliases.list(prefix)}
            if found:
                self._routes[function] = found
            else:
                self._routes.pop(function, None)
        for name in sorted(former.keys() | found.keys()):
            if former.get(name) != found.get(name):
                self.tell(function, name)

    def tell(self, function: str, qualifier: str) -> None:
        """Tells the listeners that something is different about a qualifier."""
        for listener in self._listeners:
            listener(function, qualifier)
