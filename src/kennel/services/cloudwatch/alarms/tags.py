"""Tags of alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from kennel.services.cloudwatch.alarms.book import AlarmBook, Change
from kennel.services.cloudwatch.alarms.record import Alarm, AlarmKey
from kennel.services.cloudwatch.errors import (
    InvalidParameterValueException,
    ResourceNotFoundException,
)
from kennel.services.context import Context

__all__ = ["MOST_TAGS", "AlarmTags", "checked_tags"]

MOST_TAGS = 50
"""Of one alarm. Source: TagResource's reference."""


class AlarmTags:
    """TagResource, UntagResource, ListTagsForResource. Alarms are all that can be tagged."""

    book: AlarmBook

    def tag_resource(
        self, ctx: Context, *, ResourceARN: str, Tags: Sequence[Mapping[str, str]]
    ) -> None:
        """Adds tags, or changes the values of those that are there."""
        self._change(ctx, ResourceARN, lambda tags: checked_tags(tags, Tags))

    def untag_resource(self, ctx: Context, *, ResourceARN: str, TagKeys: Sequence[str]) -> None:
        """Removes tags; keys that aren't there are no error."""
        self._change(
            ctx,
            ResourceARN,
            lambda tags: {key: value for key, value in tags.items() if key not in TagKeys},
        )

    def list_tags_for_resource(self, ctx: Context, *, ResourceARN: str) -> dict[str, Any]:
        alarm = self._tagged(ctx, ResourceARN)
        return {"Tags": [{"Key": key, "Value": value} for key, value in alarm.tags.items()]}

    def _tagged(self, ctx: Context, arn: str) -> Alarm:
        alarm = None
        prefix = ctx.arn("cloudwatch", "alarm:")
        if arn.startswith(prefix):
            alarm = self.book.get(AlarmKey(ctx.region, arn.removeprefix(prefix)))
        if alarm is None:
            raise ResourceNotFoundException(f"{arn} does not exist.")
        return alarm

    def _change(
        self, ctx: Context, arn: str, apply: Callable[[dict[str, str]], dict[str, str]]
    ) -> None:
        def decide() -> list[Change]:
            alarm = self._tagged(ctx, arn)
            return [Change(alarm, msgspec.structs.replace(alarm, tags=apply(alarm.tags)))]

        self.book.change(decide)


def checked_tags(present: dict[str, str], added: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The tags with these added. Raises InvalidParameterValueException."""
    tags = present | {tag["Key"]: tag["Value"] for tag in added}
    if len(tags) > MOST_TAGS:
        raise InvalidParameterValueException(f"A resource can't have more than {MOST_TAGS} tags.")
    if any(tag["Key"].lower().startswith("aws:") for tag in added):
        raise InvalidParameterValueException("Tag keys starting with aws: are reserved for AWS.")
    return tags
