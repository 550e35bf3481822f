"""What all operations of CloudWatch Logs share: the store, the time, and how a group is named."""

from __future__ import annotations

import re
from typing import ClassVar

from kennel.services.logs.errors import InvalidParameterException, invalid_value
from kennel.services.logs.schema import MIGRATIONS
from kennel.services.logs.sweeper import Sweeper
from kennel.services.service import Parts, Service
from kennel.store import Database

__all__ = ["LogsBase", "group_name", "name_of"]

GROUP_NAME = re.compile(r"[\.\-_/#A-Za-z0-9]{1,512}")
STREAM_NAME = re.compile(r"[^:*]{1,512}")
_ARN = re.compile(r"arn:aws:logs:[^:]*:\d*:log-group:([^:]+)(:\*)?")


class LogsBase(Service):
    """The log store, in a SQLite file of its own: what jobs print never waits behind, nor holds
    up, the plane's own state."""

    name: ClassVar[str] = "logs"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._folder = parts.folder / "logs"
        self._database = Database(self._folder / "logs.db", MIGRATIONS)
        self._sweeper = Sweeper(self._database, self._now)

    def _now(self) -> int:
        """Wall time in milliseconds since the epoch, as all of Logs counts."""
        return int(self.parts.clock.wall() * 1000)


def group_name(name: str) -> str:
    """The name itself. Raises InvalidParameterException if a group can't be called that."""
    if GROUP_NAME.fullmatch(name) is None:
        raise invalid_value(
            "logGroupName",
            name,
            f"Member must satisfy regular expression pattern: {GROUP_NAME.pattern}",
        )
    return name


def name_of(name: str | None, identifier: str | None) -> str:
    """The group's name from logGroupName or logGroupIdentifier (a name or an ARN), whichever the
    call has. Raises InvalidParameterException unless it has exactly one."""
    if (name is None) == (identifier is None):
        raise InvalidParameterException(
            "Exactly one of logGroupName and logGroupIdentifier must be specified."
        )
    if name is not None:
        return name
    assert identifier is not None
    match = _ARN.fullmatch(identifier)
    return identifier if match is None else match[1]
