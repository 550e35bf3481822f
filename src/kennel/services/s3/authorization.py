"""What S3 tells the authorizer: what an operation needs, buckets' policies, objects' tags.

A bucket's tags are no aws:ResourceTag: that takes PutBucketAbac, which is refused here. Source:
"Using tags with S3 general purpose buckets".
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from kennel.errors import AwsError
from kennel.identity import PrincipalKind
from kennel.services.access import Access
from kennel.services.access_rules import AccessRules
from kennel.services.context import Context
from kennel.services.s3.access_table import (
    ACCESS_TABLE,
    PUBLIC_ACL,
    SOURCE,
    SOURCE_TAGS,
    SOURCE_VERSION,
)
from kennel.services.s3.bucket_policies import bucket_policy
from kennel.services.s3.bucket_rows import get_bucket
from kennel.services.s3.copy_source import SourceName, parse_copy_source
from kennel.services.s3.names import encode_key
from kennel.services.s3.tags import decode_tags, parse_tag_header, tag_set
from kennel.services.s3.version_rows import current_version, find_version
from kennel.store import Database

__all__ = ["Authorization"]

_ARN = "arn:aws:s3:::"
_EXISTING = "s3:existingobjecttag/"
_ASKS_TAGS = re.compile(r"s3:(Get|Put|Delete)Object(Version)?(Acl|Attributes|Tagging)?")
_ASK_NOT = frozenset({"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"})
"""A new object's and a deletion's conditions can't ask for tags that are there ("Tagging and access
control policies")."""


class Authorization:
    """Answers from the database: a read is an index look-up or two."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rules = AccessRules("s3", ACCESS_TABLE, prefix=lambda ctx: _ARN)

    @property
    def actions(self) -> frozenset[str]:
        """See Service.actions. What DeleteObjects asks for is DeleteObject's."""
        return self._rules.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[Access, ...]:
        """See Service.accesses."""
        known = dict(parameters)
        if operation in ("CopyObject", "UploadPartCopy"):
            known |= self._source(known)
        if isinstance(known.get("Tagging"), str):
            known["Tagging"] = {"TagSet": _header_tags(known["Tagging"])}
        if operation == "CreateBucket" and known.get("ACL") not in (None, "", "private"):
            known[PUBLIC_ACL] = True
        if operation == "DeleteObjects" and ctx.principal.kind is PrincipalKind.ANONYMOUS:
            # The operation asks for each key; but a stranger must be let in by something before.
            items = parameters["Delete"].get("Objects") or ()
            return tuple(
                access
                for item in items
                for access in self._rules.accesses(
                    ctx, "DeleteObject", {**item, "Bucket": parameters["Bucket"]}
                )
            )
        found = self._rules.accesses(ctx, operation, known)
        return tuple(self._with_object_tags(access) for access in found)

    def policy(self, arn: str) -> str:
        """The policy of the bucket that the ARN is of, or is in."""
        name = arn.removeprefix(_ARN).partition("/")[0]
        return self._database.read(lambda connection: bucket_policy(connection, name)) or ""

    def object_tags(self, bucket_name: str, key: str, version_id: str = "") -> Mapping[str, str]:
        """An object's tags, for s3:ExistingObjectTag; empty if it is not there."""

        def read(connection: sqlite3.Connection) -> Mapping[str, str]:
            bucket = get_bucket(connection, bucket_name)
            if bucket is None:
                return {}
            encoded = encode_key(key)
            if version_id:
                version = find_version(connection, bucket.bucket_id, encoded, version_id)
            else:
                version = current_version(connection, bucket.bucket_id, encoded)
            return {} if version is None else decode_tags(version.tags)

        return self._database.read(read)

    def _with_object_tags(self, access: Access) -> Access:
        action = access.action
        if action in _ASK_NOT or not _ASKS_TAGS.fullmatch(action):
            return access
        bucket, _, key = access.resource.removeprefix(_ARN).partition("/")
        version = access.context.get("s3:versionid", ("",))[0]
        tags = _ObjectTags(access.context, lambda: self.object_tags(bucket, key, version))
        return replace(access, context=tags)

    def _source(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What a copy reads. One that can't be read is the operation's to refuse."""
        try:
            source = parse_copy_source(parameters["CopySource"])
        except AwsError:
            return {}
        found: dict[str, Any] = {SOURCE: f"{source.bucket}/{source.key}"}
        if source.version_id:
            found[SOURCE_VERSION] = source.version_id
        if parameters.get("TaggingDirective") != "REPLACE" and self._has_tags(source):
            found[SOURCE_TAGS] = True
        return found

    def _has_tags(self, source: SourceName) -> bool:
        try:
            return bool(self.object_tags(*source))
        except AwsError:  # no object has such a name
            return False


def _header_tags(header: str) -> list[dict[str, str]]:
    try:
        return tag_set(parse_tag_header(header))
    except AwsError:  # the operation's to refuse
        return []


class _ObjectTags(Mapping[str, tuple[str, ...]]):
    """Condition keys, and those of the object's tags, which are looked up when one is asked for."""

    def __init__(
        self, context: Mapping[str, tuple[str, ...]], look_up: Callable[[], Mapping[str, str]]
    ) -> None:
        self._context = context
        self._look_up = look_up

    @cached_property
    def _tags(self) -> Mapping[str, tuple[str, ...]]:
        try:
            tags = self._look_up()
        except AwsError:  # no object has such a name
            return {}
        return {(_EXISTING + key).lower(): (value,) for key, value in tags.items()}

    def __getitem__(self, key: str) -> tuple[str, ...]:
        return self._tags[key] if key.startswith(_EXISTING) else self._context[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._context)

    def __len__(self) -> int:
        return len(self._context)
