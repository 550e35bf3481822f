"""Tags of every kind of SageMaker resource."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import ValidationException
from kennel.services.sagemaker.noun import Noun
from kennel.services.service import Parts
from kennel.store import Collection, Document

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Tags"]

_ARN = re.compile(r"arn:[^:]+:sagemaker:([^:]*):(\d{12}):([^/]+)/(.+)")
_MOST = 50  # tags a resource; CreateTrainingJob's and AddTags' limit


class _TagSet(Document):
    tags: dict[str, str]


class Tags(Noun):
    """AddTags, ListTags and DeleteTags; and what the other nouns call when they create and delete.

    `owner` gives the noun that has resources of a kind, so that only what exists can be tagged.
    """

    operations: ClassVar[frozenset[str]] = frozenset({"add_tags", "list_tags", "delete_tags"})

    def __init__(self, parts: Parts, owner: Callable[[str], Noun | None]) -> None:
        super().__init__(parts)
        self._owner = owner
        self._sets = Collection(parts.database, "sagemaker.tags", _TagSet)

    def add_tags(
        self, ctx: Context, *, ResourceArn: str, Tags: Iterable[Mapping[str, str]]
    ) -> dict[str, Any]:
        """Adds tags, or changes the values of those that are there."""
        self._require(ctx, ResourceArn)
        new = self.checked(Tags)
        tags = self.parts.database.write(lambda c: self._merge_in(c, ResourceArn, new))
        return {"Tags": _listed(tags)}

    def list_tags(
        self,
        ctx: Context,
        *,
        ResourceArn: str,
        NextToken: str = "",
        MaxResults: int = _MOST,
    ) -> dict[str, Any]:
        """All tags at once: a resource can't have more than the smallest page that AWS gives."""
        self._require(ctx, ResourceArn)
        if NextToken:
            raise ValidationException("The NextToken is not one that this operation gave.")
        return {"Tags": _listed(self.of(ResourceArn))}

    def delete_tags(
        self, ctx: Context, *, ResourceArn: str, TagKeys: Iterable[str]
    ) -> dict[str, Any]:
        """Removes tags by key; keys that aren't there are no error."""
        self._require(ctx, ResourceArn)
        gone = set(TagKeys)

        def change(document: _TagSet) -> _TagSet:
            document.tags = {k: v for k, v in document.tags.items() if k not in gone}
            return document

        self._sets.update(ResourceArn, change)
        return {}

    def of(self, arn: str) -> dict[str, str]:
        """The tags of a resource, by key."""
        document = self._sets.get(arn)
        return {} if document is None else document.tags

    def checked(self, tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
        """A request's tags by key. Raises ValidationException for what AWS refuses."""
        found: dict[str, str] = {}
        for tag in tags:
            key, value = tag["Key"], tag["Value"]
            if key in found:
                raise ValidationException(
                    f"Duplicate tag keys found. Please note that Tag keys are case insensitive: "
                    f"{key}"
                )
            if key.lower().startswith("aws:"):
                raise ValidationException(
                    "Tag keys can't start with aws: because that prefix is reserved for AWS use; "
                    f"rename {key}."
                )
            found[key] = value
        return found

    def put_in(self, connection: sqlite3.Connection, arn: str, tags: Mapping[str, str]) -> None:
        """Gives a new resource its tags, in the write that creates it."""
        if tags:
            self._sets.put_in(connection, arn, _TagSet(tags=dict(tags)))
        else:
            self._sets.delete_in(connection, arn)

    def delete_in(self, connection: sqlite3.Connection, arn: str) -> None:
        """Forgets a resource's tags, in the write that deletes it."""
        self._sets.delete_in(connection, arn)

    def _merge_in(
        self, connection: sqlite3.Connection, arn: str, new: Mapping[str, str]
    ) -> dict[str, str]:
        current = self._sets.get_in(connection, arn)
        tags = {**(current.tags if current else {}), **new}
        if len(tags) > _MOST:
            raise ValidationException(
                f"A resource can have at most {_MOST} tags; {arn} would have {len(tags)}."
            )
        self.put_in(connection, arn, tags)
        return tags

    def _require(self, ctx: Context, arn: str) -> None:
        """AWS says just this, whatever is wrong with the ARN [O: boto3 issue 4606]."""
        match = _ARN.fullmatch(arn)
        owner = self._owner(match[3]) if match else None
        if (
            match is None
            or owner is None
            or (match[1], match[2]) != (ctx.region, ctx.account_id)
            or not owner.exists(match[3], match[4])
        ):
            raise ValidationException("Resource does not exist.")


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
