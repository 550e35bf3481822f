"""The environments of one deployment. Everything here belongs to the event loop."""

from __future__ import annotations

from collections.abc import Callable

from kennel.scaling.admission import ThrottleReason
from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.environment import Environment, seconds_up

__all__ = ["LIFETIME", "CapReached", "Pool"]

LIFETIME = 2 * 3600.0
"""Seconds after which an environment is renewed, long before its keys expire. AWS renews them every
few hours, too."""


class CapReached(Exception):
    """An invocation is not admitted, or no environment may be added for it."""

    def __init__(self, reason: ThrottleReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Pool:
    """The environments of one deployment that are made on demand.

    `make` gives a new one, or raises CapReached. `close` has an environment closed some time.
    `ended` is for whoever drains it to call in the end.
    """

    def __init__(
        self,
        deployment: Deployment,
        make: Callable[[Deployment], Environment],
        close: Callable[[Environment], None],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.deployment = deployment
        self.ended = ended
        self._make = make
        self._close = close
        self._idle: list[Environment] = []
        self._busy: set[Environment] = set()
        self._closing = False
        self._drained: Callable[[], None] | None = None

    @property
    def busy(self) -> int:
        """Invocations under way."""
        return len(self._busy)

    @property
    def oldest_idle(self) -> float | None:
        """Since when (policy time) its longest idle environment has been idle; None if none is."""
        return self._idle[0].idle_since if self._idle else None

    def acquire(self) -> Environment:
        """An environment for one invocation, the one that was used last. Raises CapReached."""
        while self._idle and _is_old(self._idle[-1]):
            self._close(self._idle.pop())
        environment = self._idle.pop() if self._idle else self._make(self.deployment)
        self._busy.add(environment)
        return environment

    def release(self, environment: Environment, now: float) -> None:
        """Gives an environment back. `now` is policy time."""
        self._busy.discard(environment)
        if self._closing or _is_old(environment):
            self._close(environment)
        else:
            environment.idle_since = now
            self._idle.append(environment)
        self._tell_if_drained()

    def discard(self, environment: Environment) -> None:
        """Like release, for an environment that is of no more use."""
        self._busy.discard(environment)
        self._close(environment)
        self._tell_if_drained()

    def close_idle(self, since: float) -> None:
        """Closes the environments that have been idle since `since` (policy time) or longer."""
        while self._idle and self._idle[0].idle_since <= since:
            self._close(self._idle.pop(0))

    def drain(self, drained: Callable[[], None]) -> None:
        """Takes no more invocations; `drained` is called once all have been answered."""
        self._closing = True
        self._drained = drained
        self.close_idle(float("inf"))
        self._tell_if_drained()

    def close_all(self) -> list[Environment]:
        """Gives every environment up, busy ones too, for the plane's end."""
        self._closing = True
        everything = [*self._idle, *self._busy]
        self._idle.clear()
        self._busy.clear()
        return everything

    def _tell_if_drained(self) -> None:
        if self._closing and not self._busy and self._drained is not None:
            drained, self._drained = self._drained, None
            drained()


def _is_old(environment: Environment) -> bool:
    return seconds_up() - environment.born > LIFETIME
