"""Which instance takes which request: the deciding part of a variant's route, without a clock.

Nothing here waits, looks at the time or knows what a request is: requests are tokens, instances
are names, and each call returns the pairs (token, instance) that begin now. The live route
(`kennel.services.sagemaker_runtime.routing`) is its shell on the event loop; the planner has a
compiled twin of it.

The rules, which both follow:

1. An instance has one request at a time. It is *free* or *busy*; one that *leaves* finishes its
   request and takes no other.
2. Requests have tickets: numbers that grow in the order of arrival at the endpoint.
3. `LEAST_OUTSTANDING_REQUESTS`, the default: one line a variant, in the order of tickets.
   A request that arrives takes a free instance, the one that was freed (or added) last. If none is
   free it waits. An instance that becomes free, or is added, takes the first of the line at once;
   so no instance is free while a request waits.
4. `RANDOM`: a request chooses one of the instances that do not leave, each as likely as the
   others, and takes it or waits in its line, in the order of tickets, even if another one is free.
   When an instance leaves or dies, those in its line choose again, the lowest ticket first. While
   there is no instance, requests wait in a line of no instance, and choose when one is added.
5. At most `limit` requests of a variant wait, in whatever lines. One that would be the next is
   refused (`QueueFull`): on the wire 503.
6. A request that comes *again* (its instance died before it had answered, or its variant went away
   while it waited) keeps its ticket, so it goes before all that arrived later, and is never
   refused.
7. A request that has waited for 60 s (`routing.WAIT_LIMIT`, wall time, from when it began to wait)
   leaves the line: `abandon`.
"""

from __future__ import annotations

import bisect
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

__all__ = ["Dispatch", "QueueFull", "RandomLines", "SharedLine"]

Token = TypeVar("Token", bound=Hashable)


class QueueFull(Exception):
    """As many requests wait as may."""


class _Line(Generic[Token]):
    """Tokens that wait, in the order of their tickets."""

    __slots__ = ("_tokens",)

    def __init__(self) -> None:
        self._tokens: deque[tuple[int, Token]] = deque()

    def __len__(self) -> int:
        return len(self._tokens)

    def put(self, ticket: int, token: Token) -> None:
        if not self._tokens or self._tokens[-1][0] < ticket:
            self._tokens.append((ticket, token))
        else:  # it comes again
            place = bisect.bisect(self._tokens, ticket, key=lambda entry: entry[0])
            self._tokens.insert(place, (ticket, token))

    def take(self) -> tuple[int, Token] | None:
        return self._tokens.popleft() if self._tokens else None

    def drop(self, token: Token) -> bool:
        for place, (_, waiting) in enumerate(self._tokens):
            if waiting == token:
                del self._tokens[place]
                return True
        return False


class Dispatch(ABC, Generic[Token]):
    """One variant's instances and the requests that wait for them. See the module's rules."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._busy: dict[str, bool] = {}  # of the instances that do not leave

    @property
    def instances(self) -> int:
        """Instances that take requests."""
        return len(self._busy)

    @property
    @abstractmethod
    def waiting(self) -> int:
        """Requests in the lines."""

    def arrive(self, token: Token, ticket: int, *, again: bool = False) -> str | None:
        """The instance that the request takes now, or None: it waits. Raises QueueFull."""
        instance = self._choose()
        if instance is not None:
            return instance
        if self.waiting >= self.limit and not again:
            raise QueueFull
        self._wait(token, ticket)
        return None

    @abstractmethod
    def add(self, instance: str) -> list[tuple[Token, str]]:
        """One more instance, which is free. The name must be new."""

    @abstractmethod
    def release(self, instance: str) -> Token | None:
        """An instance has finished its request. Returns the request that it takes now; None also
        for one that left meanwhile."""

    @abstractmethod
    def remove(self, instance: str) -> list[tuple[Token, str]]:
        """An instance takes no more requests, because it leaves or has died."""

    @abstractmethod
    def abandon(self, token: Token) -> bool:
        """A request waits no longer. False if it does not wait (any more)."""

    @abstractmethod
    def close(self) -> list[Token]:
        """The requests that waited, by ticket; none of them does now."""

    @abstractmethod
    def _choose(self) -> str | None: ...

    @abstractmethod
    def _wait(self, token: Token, ticket: int) -> None: ...


class SharedLine(Dispatch[Token]):
    """Least outstanding requests first: rule 3."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._free: list[str] = []  # freed last, taken first: its caches are warm
        self._line: _Line[Token] = _Line()

    @property
    def waiting(self) -> int:
        return len(self._line)

    def add(self, instance: str) -> list[tuple[Token, str]]:
        self._busy[instance] = True
        token = self.release(instance)
        return [] if token is None else [(token, instance)]

    def release(self, instance: str) -> Token | None:
        if instance not in self._busy:
            return None
        taken = self._line.take()
        if taken is None:
            self._busy[instance] = False
            self._free.append(instance)
            return None
        return taken[1]

    def remove(self, instance: str) -> list[tuple[Token, str]]:
        if self._busy.pop(instance, None) is False:
            self._free.remove(instance)
        return []

    def abandon(self, token: Token) -> bool:
        return self._line.drop(token)

    def close(self) -> list[Token]:
        return [token for _, token in _emptied(self._line)]

    def _choose(self) -> str | None:
        if not self._free:
            return None
        instance = self._free.pop()
        self._busy[instance] = True
        return instance

    def _wait(self, token: Token, ticket: int) -> None:
        self._line.put(ticket, token)


class RandomLines(Dispatch[Token]):
    """A line an instance, chosen at random: rule 4. `below(n)` draws one of 0 … n - 1."""

    def __init__(self, limit: int, below: Callable[[int], int] = random.randrange) -> None:
        super().__init__(limit)
        self._below = below
        self._lines: dict[str, _Line[Token]] = {}
        self._nobodys: _Line[Token] = _Line()
        self._chosen: _Line[Token] = self._nobodys

    @property
    def waiting(self) -> int:
        return len(self._nobodys) + sum(len(line) for line in self._lines.values())

    def add(self, instance: str) -> list[tuple[Token, str]]:
        self._busy[instance] = False
        self._lines[instance] = _Line()
        return self._choose_again(self._nobodys)

    def release(self, instance: str) -> Token | None:
        if instance not in self._busy:
            return None
        taken = self._lines[instance].take()
        self._busy[instance] = taken is not None
        return None if taken is None else taken[1]

    def remove(self, instance: str) -> list[tuple[Token, str]]:
        self._busy.pop(instance, None)
        line = self._lines.pop(instance, None)
        return [] if line is None else self._choose_again(line)

    def abandon(self, token: Token) -> bool:
        return any(line.drop(token) for line in (self._nobodys, *self._lines.values()))

    def close(self) -> list[Token]:
        waited = [
            entry for line in (self._nobodys, *self._lines.values()) for entry in _emptied(line)
        ]
        return [token for _, token in sorted(waited, key=lambda entry: entry[0])]

    def _choose_again(self, line: _Line[Token]) -> list[tuple[Token, str]]:
        began = []
        for ticket, token in list(_emptied(line)):
            instance = self._choose()
            if instance is None:
                self._wait(token, ticket)
            else:
                began.append((token, instance))
        return began

    def _choose(self) -> str | None:
        """Draws an instance: returned if it is free, else its line is noted for `_wait`."""
        self._chosen = self._nobodys
        if not self._busy:
            return None
        instance = list(self._busy)[self._below(len(self._busy))]
        if self._busy[instance]:
            self._chosen = self._lines[instance]
            return None
        self._busy[instance] = True
        return instance

    def _wait(self, token: Token, ticket: int) -> None:
        self._chosen.put(ticket, token)


def _emptied(line: _Line[Token]) -> Iterator[tuple[int, Token]]:
    while (entry := line.take()) is not None:
        yield entry
