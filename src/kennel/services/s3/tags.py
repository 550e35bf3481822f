"""The rules of tags, for objects and buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import regex

from kennel.services.s3.errors import InvalidArgument, InvalidTag

__all__ = [
    "BUCKET_LIMIT",
    "OBJECT_LIMIT",
    "Tags",
    "decode_tags",
    "encode_tags",
    "parse_tag_header",
    "read_tag_set",
    "tag_set",
]

Tags = dict[str, str]

BUCKET_LIMIT = 50
OBJECT_LIMIT = 10
_KEY_LIMIT = 128
_VALUE_LIMIT = 256
# Source: "Categorizing your objects using tags" and TagKey's pattern in the APIs of other services.
_LETTERS = regex.compile(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")


def parse_tag_header(header: str) -> Tags:
    """The tags of an x-amz-tagging header (`a=1&b=2`). Raises InvalidArgument, InvalidTag."""
    if not header:
        return {}
    try:
        pairs = parse_qsl(header, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise InvalidArgument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
            "parameters without tag name duplicates.",
            ArgumentName="x-amz-tagging",
            ArgumentValue=header,
        ) from error
    return _checked(pairs, OBJECT_LIMIT)


def read_tag_set(tagging: Mapping[str, Any], limit: int = OBJECT_LIMIT) -> Tags:
    """The tags of a Tagging structure. Raises InvalidTag."""
    pairs = [(tag.get("Key", ""), tag.get("Value", "")) for tag in tagging.get("TagSet") or ()]
    return _checked(pairs, limit)


def tag_set(tags: Tags) -> list[dict[str, str]]:
    """As a TagSet."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def encode_tags(tags: Tags) -> bytes | None:
    """As stored: nothing for no tags."""
    return msgspec.json.encode(tags) if tags else None


def decode_tags(stored: bytes | None) -> Tags:
    """What `encode_tags` made."""
    return msgspec.json.decode(stored, type=dict[str, str]) if stored else {}


def _checked(pairs: list[tuple[str, str]], limit: int) -> Tags:
    if len(pairs) > limit:
        noun = "Object" if limit == OBJECT_LIMIT else "Bucket"
        raise InvalidTag(f"{noun} tags cannot be greater than {limit}")
    tags: Tags = {}
    for key, value in pairs:
        if not key or len(key) > _KEY_LIMIT or not _LETTERS.fullmatch(key):
            raise InvalidTag("The TagKey you have provided is invalid", TagKey=key)
        if len(value) > _VALUE_LIMIT or not _LETTERS.fullmatch(value):
            raise InvalidTag(
                "The TagValue you have provided is invalid", TagKey=key, TagValue=value
            )
        if key.startswith("aws:"):
            raise InvalidTag("System tags cannot be added/updated by requester", TagKey=key)
        if key in tags:
            raise InvalidTag("Cannot provide multiple Tags with the same key", TagKey=key)
        tags[key] = value
    return tags
