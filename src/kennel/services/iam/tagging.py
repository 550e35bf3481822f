"""Tags on users, roles, policies and instance profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kennel.services.iam.errors import InvalidInputException, LimitExceededException

__all__ = ["merged_tags", "without_tags"]

_MOST_TAGS = 50


def merged_tags(old: Mapping[str, str], new: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The tags after `new` (`[{"Key": …, "Value": …}]`) were put on. Keys that differ only in case
    are the same key. Raises InvalidInputException or LimitExceededException."""
    keys = [tag["Key"].lower() for tag in new]
    if len(keys) != len(set(keys)):
        raise InvalidInputException(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    for key in keys:
        if key.startswith("aws:"):
            raise InvalidInputException("Tag keys that begin with aws: belong to AWS.")
    merged = {key: value for key, value in old.items() if key.lower() not in keys}
    merged |= {tag["Key"]: tag.get("Value", "") for tag in new}
    if len(merged) > _MOST_TAGS:
        raise LimitExceededException(f"Cannot exceed quota for tags: {_MOST_TAGS}")
    return merged


def without_tags(old: Mapping[str, str], keys: Sequence[str]) -> dict[str, str]:
    """The tags without those keys; a key that is not there is no error."""
    gone = {key.lower() for key in keys}
    return {key: value for key, value in old.items() if key.lower() not in gone}
