"""How much of requests' bodies may be in memory at once.

A body is in memory before its signature can be checked. So all bodies together have a budget, and
of a caller whose key is unknown no more is read than it takes to tell them.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

from kennel.auth import AuthenticationError, Failure, claimed_key
from kennel.auth.keys import KeyFinder
from kennel.errors import ServerError
from kennel.gateway.bodies import Receive
from kennel.wire import HttpRequest

__all__ = ["BodyBudget", "BodyLease", "ServiceUnavailable"]

_MOST = 256 << 20  # bytes: three of the largest function archives, or 1,300 photos of 200 kB
_STRANGERS_MOST = 1 << 20


class ServiceUnavailable(ServerError):
    """The plane has more to do than it takes on at once."""

    status = 503


class BodyBudget:
    """The bodies in memory, all together. To be used on the event loop alone."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self.held = 0

    def lease(self, request: HttpRequest, keys: KeyFinder) -> BodyLease:
        """What this request's body takes of the budget; given back on exit."""
        return BodyLease(self, _failure_of_stranger(request, keys))

    def take(self, size: int) -> None:
        """Raises ServiceUnavailable if there is not so much left."""
        if self.held + size > self._most:
            raise ServiceUnavailable(
                "The requests that are under way fill the memory that the plane has for them. "
                "Please reduce your rate."
            )
        self.held += size

    def give_back(self, size: int) -> None:
        """Of what was taken."""
        self.held -= size


class BodyLease:
    """One request's part of the budget."""

    def __init__(self, budget: BodyBudget, stranger: Failure | None) -> None:
        self._budget = budget
        self._stranger = stranger
        self._taken = 0

    def __enter__(self) -> BodyLease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._budget.give_back(self._taken)
        self._taken = 0

    def counting(self, receive: Receive) -> Receive:
        """`receive` for a body that is read into memory. It raises ServiceUnavailable, and
        AuthenticationError for a stranger's body above 1 MiB."""

        async def counted() -> MutableMapping[str, Any]:
            message = await receive()
            size = len(message.get("body", b""))
            if self._stranger is not None and self._taken + size > _STRANGERS_MOST:
                raise AuthenticationError(self._stranger, "Missing Authentication Token")
            self._budget.take(size)
            self._taken += size
            return message

        return counted


def _failure_of_stranger(request: HttpRequest, keys: KeyFinder) -> Failure | None:
    """What is wrong with a request whatever its body; None if its key is known, or stands in the
    form that the body is."""
    key = claimed_key(request)
    if key:
        return None if keys.find(key) is not None else Failure.UNKNOWN_KEY
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return None
    return Failure.UNSIGNED
