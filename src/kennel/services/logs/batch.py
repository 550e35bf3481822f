"""What PutLogEvents takes: AWS's limits, and which events of a batch are turned away."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from kennel.services.logs.errors import InvalidParameterException, invalid_value
from kennel.services.logs.events import OVERHEAD

__all__ = ["MAX_BYTES", "MAX_EVENTS", "Admitted", "Batch"]

MAX_EVENTS = 10_000
MAX_BYTES = 1_048_576
_HOUR = 3_600_000
_TOO_NEW = 2 * _HOUR
_TOO_OLD = 14 * 24 * _HOUR
_MAX_SPAN = 24 * _HOUR


class Admitted(NamedTuple):
    """The (timestamp, message) pairs to store, their size in bytes with the overhead, and
    rejectedLogEventsInfo, empty if none was turned away."""

    events: list[tuple[int, str]]
    size: int
    rejected: dict[str, int]


class Batch:
    """The members of `logEvents`. Raises InvalidParameterException if they are too many, too
    large or not in chronological order."""

    def __init__(self, log_events: Sequence[Mapping[str, Any]]) -> None:
        if not 1 <= len(log_events) <= MAX_EVENTS:
            bound = "less than or equal to 10000" if log_events else "greater than or equal to 1"
            raise invalid_value(
                "logEvents", f"{len(log_events)} events", f"Member must have length {bound}"
            )
        self._sizes: list[int] = []
        self._pairs: list[tuple[int, str]] = []
        for event in log_events:
            message = event["message"]
            try:
                self._sizes.append(len(message.encode()) + OVERHEAD)
            except UnicodeEncodeError:  # half of a surrogate pair, which no file can hold
                message = message.encode("utf-8", "replace").decode()
                self._sizes.append(len(message) + OVERHEAD)
            self._pairs.append((event["timestamp"], message))
        if sum(self._sizes) > MAX_BYTES:
            raise InvalidParameterException(
                f"Upload too large: {sum(self._sizes)} bytes exceeds limit of {MAX_BYTES}"
            )
        self._times = [timestamp for timestamp, _ in self._pairs]
        if any(later < earlier for earlier, later in pairwise(self._times)):
            raise InvalidParameterException(
                "Log events in a single PutLogEvents request must be in chronological order."
            )

    def admit(self, now: int, oldest: int) -> Admitted:
        """What is stored at the time `now` (ms); what is older than `oldest` has expired by the
        group's retention. Raises InvalidParameterException if it spans more than a day."""
        times = self._times
        too_old = bisect_left(times, now - _TOO_OLD)
        expired = bisect_left(times, oldest)
        first = max(too_old, expired)
        too_new = max(bisect_left(times, now + _TOO_NEW + 1), first)
        if too_new > first and times[too_new - 1] - times[first] > _MAX_SPAN:
            raise InvalidParameterException(
                "The batch of log events in a single PutLogEvents request cannot span more than "
                "24 hours."
            )
        rejected = {}
        if too_new < len(times):
            rejected["tooNewLogEventStartIndex"] = too_new
        if too_old:
            rejected["tooOldLogEventEndIndex"] = too_old
        if expired > too_old:
            rejected["expiredLogEventEndIndex"] = expired
        return Admitted(self._pairs[first:too_new], sum(self._sizes[first:too_new]), rejected)
