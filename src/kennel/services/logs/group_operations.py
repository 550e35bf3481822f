"""Operations on log groups: create, describe, delete, retention."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from kennel.services.context import Context
from kennel.services.logs import groups, tokens
from kennel.services.logs.base import LogsBase, group_name, name_of
from kennel.services.logs.errors import (
    InvalidParameterException,
    ResourceNotFoundException,
    invalid_value,
)
from kennel.services.page_token import encode_place

__all__ = ["DESCRIBE_LIMIT", "GroupOperations", "page_limit"]

DESCRIBE_LIMIT = 50
_CHUNK = 200  # groups read at a time while a page is filled
_CLASSES = ("STANDARD", "INFREQUENT_ACCESS")
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192)
_LONG_RETENTIONS = (2557, 2922, 3288, 3653)


def page_limit(limit: int | None, most: int) -> int:
    """The page size that a call asks for. Raises InvalidParameterException out of 1 … `most`."""
    if limit is None:
        return most
    if not 1 <= limit <= most:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {most}"
        raise invalid_value("limit", limit, f"Member must have value {bound}")
    return limit


class GroupOperations(LogsBase):
    """CreateLogGroup, DescribeLogGroups, DeleteLogGroup, PutRetentionPolicy, …"""

    def create_log_group(
        self,
        ctx: Context,
        *,
        logGroupName: str,
        tags: Mapping[str, str] | None = None,
        logGroupClass: str = "STANDARD",
    ) -> None:
        name = group_name(logGroupName)
        if name.startswith("aws/"):
            raise InvalidParameterException("Log groups starting with aws/ are reserved for AWS.")
        if logGroupClass not in _CLASSES:
            raise InvalidParameterException(
                f"Kennel has no log groups of class {logGroupClass}, only {' and '.join(_CLASSES)}."
            )
        if len(tags or {}) > groups.MAX_TAGS:
            raise invalid_value("tags", len(tags or {}), "Map must have at most 50 entries")
        self._database.write(
            lambda connection: groups.create(
                connection, ctx.region, name, self._now(), logGroupClass, tags or {}
            )
        )

    def delete_log_group(self, ctx: Context, *, logGroupName: str) -> None:
        self._database.write(
            lambda connection: groups.delete(
                connection, groups.find(connection, ctx.region, logGroupName)
            )
        )
        self._sweeper.wake()

    def describe_log_groups(
        self,
        ctx: Context,
        *,
        logGroupNamePrefix: str | None = None,
        logGroupNamePattern: str | None = None,
        logGroupIdentifiers: Sequence[str] | None = None,
        logGroupClass: str | None = None,
        nextToken: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        if logGroupNamePrefix and logGroupNamePattern:
            raise InvalidParameterException(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
            )
        if logGroupIdentifiers:
            return {"logGroups": self._identified(ctx, logGroupIdentifiers)}
        most = page_limit(limit, DESCRIBE_LIMIT)
        after: str = "" if nextToken is None else tokens.place_of(nextToken, "groups", str)[0]

        def wanted(group: groups.LogGroup) -> bool:
            return (logGroupNamePattern or "") in group.name and (
                logGroupClass is None or group.log_class == logGroupClass
            )

        # One more than a page tells whether there is another page.
        found: list[groups.LogGroup] = []
        while len(found) <= most:
            chunk = self._groups_after(ctx, logGroupNamePrefix or "", after)
            found += filter(wanted, chunk)
            if len(chunk) < _CHUNK:
                break
            after = chunk[-1].name
        reply: dict[str, Any] = {"logGroups": [_described(ctx, group) for group in found[:most]]}
        if len(found) > most:
            reply["nextToken"] = encode_place("groups", found[most - 1].name)
        return reply

    def put_retention_policy(
        self, ctx: Context, *, logGroupName: str, retentionInDays: int
    ) -> None:
        allowed = _RETENTIONS + _LONG_RETENTIONS
        if retentionInDays not in allowed:
            raise invalid_value(
                "retentionInDays",
                retentionInDays,
                f"Member must satisfy enum value set: [{', '.join(map(str, allowed))}]",
            )
        self._set_retention(ctx, logGroupName, retentionInDays)

    def delete_retention_policy(self, ctx: Context, *, logGroupName: str) -> None:
        self._set_retention(ctx, logGroupName, None)

    def _set_retention(self, ctx: Context, name: str, days: int | None) -> None:
        self._database.write(
            lambda connection: groups.set_retention(
                connection, groups.find(connection, ctx.region, name), days
            )
        )
        self._sweeper.wake()

    def _groups_after(self, ctx: Context, prefix: str, after: str) -> list[groups.LogGroup]:
        return self._database.read(
            lambda connection: groups.listing(
                connection, ctx.region, prefix=prefix, after=after, limit=_CHUNK
            )
        )

    def _identified(self, ctx: Context, identifiers: Sequence[str]) -> list[dict[str, Any]]:
        def read(connection: sqlite3.Connection) -> list[dict[str, Any]]:
            described = []
            for identifier in identifiers:
                try:
                    group = groups.find(connection, ctx.region, name_of(None, identifier))
                except ResourceNotFoundException:
                    continue
                described.append(_described(ctx, group))
            return described

        return self._database.read(read)


def _described(ctx: Context, group: groups.LogGroup) -> dict[str, Any]:
    arn = ctx.arn("logs", f"log-group:{group.name}")
    described: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": group.created,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": group.stored_bytes,
        "logGroupClass": group.log_class,
        "logGroupArn": arn,
    }
    if group.retention is not None:
        described["retentionInDays"] = group.retention
    return described
