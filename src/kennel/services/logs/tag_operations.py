"""Tags of log groups, by the general operations and by the older ones of the group's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kennel.services.context import Context
from kennel.services.logs import groups
from kennel.services.logs.base import LogsBase, name_of
from kennel.services.logs.errors import InvalidParameterException, TooManyTagsException

__all__ = ["TagOperations"]


class TagOperations(LogsBase):
    """TagResource, UntagResource, ListTagsForResource; TagLogGroup, UntagLogGroup,
    ListTagsLogGroup."""

    def tag_resource(self, ctx: Context, *, resourceArn: str, tags: Mapping[str, str]) -> None:
        """Raises TooManyTagsException above 50 tags."""
        name = name_of(None, resourceArn)

        def added(present: Mapping[str, str]) -> Mapping[str, str]:
            together = {**present, **tags}
            if len(together) > groups.MAX_TAGS:
                raise TooManyTagsException(_too_many(name, together), resourceName=name)
            return together

        self._change_tags(ctx, name, added)

    def untag_resource(self, ctx: Context, *, resourceArn: str, tagKeys: Sequence[str]) -> None:
        self.untag_log_group(ctx, logGroupName=name_of(None, resourceArn), tags=tagKeys)

    def list_tags_for_resource(self, ctx: Context, *, resourceArn: str) -> dict[str, Any]:
        return self.list_tags_log_group(ctx, logGroupName=name_of(None, resourceArn))

    def tag_log_group(self, ctx: Context, *, logGroupName: str, tags: Mapping[str, str]) -> None:
        """Raises InvalidParameterException above 50 tags: the older operation's error."""

        def added(present: Mapping[str, str]) -> Mapping[str, str]:
            together = {**present, **tags}
            if len(together) > groups.MAX_TAGS:
                raise InvalidParameterException(_too_many(logGroupName, together))
            return together

        self._change_tags(ctx, logGroupName, added)

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


def _too_many(name: str, tags: Mapping[str, str]) -> str:
    return f"The log group {name} would have {len(tags)} tags; {groups.MAX_TAGS} are allowed."
