"""Tags of log groups, by the general operations and by the older ones of the group's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kennel.services.context import Context
from kennel.services.logs import groups
from kennel.services.logs.base import LogsBase, name_of

__all__ = ["TagOperations"]


class TagOperations(LogsBase):
    """TagResource, UntagResource, ListTagsForResource; TagLogGroup, UntagLogGroup,
    ListTagsLogGroup."""

    def tag_resource(self, ctx: Context, *, resourceArn: str, tags: Mapping[str, str]) -> None:
        self.tag_log_group(ctx, logGroupName=name_of(None, resourceArn), tags=tags)

    def untag_resource(self, ctx: Context, *, resourceArn: str, tagKeys: Sequence[str]) -> None:
        self.untag_log_group(ctx, logGroupName=name_of(None, resourceArn), tags=tagKeys)

    def list_tags_for_resource(self, ctx: Context, *, resourceArn: str) -> dict[str, Any]:
        return self.list_tags_log_group(ctx, logGroupName=name_of(None, resourceArn))

    def tag_log_group(self, ctx: Context, *, logGroupName: str, tags: Mapping[str, str]) -> None:
        self._change_tags(ctx, logGroupName, lambda present: {**present, **tags})

    def untag_log_group(self, ctx: Context, *, logGroupName: str, tags: Sequence[str]) -> None:
        self._change_tags(
            ctx,
            logGroupName,
            lambda present: {name: value for name, value in present.items() if name not in tags},
        )

    def list_tags_log_group(self, ctx: Context, *, logGroupName: str) -> dict[str, Any]:
        group = self._database.read(
            lambda connection: groups.find(connection, ctx.region, logGroupName)
        )
        return {"tags": dict(group.tags)}

    def _change_tags(
        self,
        ctx: Context,
        name: str,
        change: Callable[[Mapping[str, str]], Mapping[str, str]],
    ) -> None:
        def write(connection: Any) -> None:
            group = groups.find(connection, ctx.region, name)
            groups.set_tags(connection, group, change(group.tags))

        self._database.write(write)
