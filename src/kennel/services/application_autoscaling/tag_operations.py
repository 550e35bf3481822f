"""TagResource, UntagResource, ListTagsForResource: tags of scalable targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kennel.services.application_autoscaling.base import AutoScalingBase
from kennel.services.application_autoscaling.errors import (
    ResourceNotFoundException,
    TooManyTagsException,
    ValidationException,
)
from kennel.services.application_autoscaling.records import Target
from kennel.services.context import Context

__all__ = ["MOST_TAGS", "TagOperations", "first_tags"]

MOST_TAGS = 50
"""Of a scalable target. Source: "Tagging support for Application Auto Scaling"."""


def _checked_tags(present: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """All tags together. Raises ValidationException for keys that are AWS's."""
    reserved = sorted(key for key in new if key.lower().startswith("aws:"))
    if reserved:
        raise ValidationException(
            f"Tag keys can't start with aws: because that prefix is reserved: {reserved[0]}"
        )
    return {**present, **new}


def first_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """A new target's tags. RegisterScalableTarget knows no TooManyTagsException."""
    if len(tags) > MOST_TAGS:
        raise ValidationException(_too_many(tags))
    return _checked_tags({}, tags)


def _too_many(tags: Mapping[str, str]) -> str:
    return f"A scalable target can have at most {MOST_TAGS} tags, not {len(tags)}."


class TagOperations(AutoScalingBase):
    """Tags of scalable targets, by their ARN."""

    def tag_resource(self, ctx: Context, *, ResourceARN: str, Tags: Mapping[str, str]) -> None:
        def change(target: Target) -> Target:
            target.tags = _checked_tags(target.tags, Tags)
            if len(target.tags) > MOST_TAGS:
                raise TooManyTagsException(_too_many(target.tags), ResourceName=ResourceARN)
            return target

        self._book.targets.update(self._tagged(ResourceARN).key, change)

    def untag_resource(self, ctx: Context, *, ResourceARN: str, TagKeys: Sequence[str]) -> None:
        """Keys that are not there are passed over."""

        def change(target: Target) -> Target:
            target.tags = {key: tag for key, tag in target.tags.items() if key not in TagKeys}
            return target

        self._book.targets.update(self._tagged(ResourceARN).key, change)

    def list_tags_for_resource(self, ctx: Context, *, ResourceARN: str) -> dict[str, Any]:
        return {"Tags": self._tagged(ResourceARN).tags}

    def _tagged(self, arn: str) -> Target:
        for _, target in self._book.targets.list():
            if target.arn == arn:
                return target
        raise ResourceNotFoundException(f"No scalable target has the ARN {arn}.", ResourceName=arn)
