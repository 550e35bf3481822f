"""PutObject."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from kennel.services.parameters import takes
from kennel.services.s3.acl import check_canned_acl
from kennel.services.s3.area import Area, Body
from kennel.services.s3.bucket_rows import Versioning
from kennel.services.s3.checksums import (
    ALGORITHMS,
    FULL_OBJECT,
    asked,
    check_md5,
    checksum_members,
    checksum_of,
)
from kennel.services.s3.conditions import check_write
from kennel.services.s3.contents import Change, store_pieces, whole
from kennel.services.s3.errors import EntityTooLarge
from kennel.services.s3.names import encode_key
from kennel.services.s3.parameters import CHECKSUM_VALUES, PROPERTY_PARAMETERS
from kennel.services.s3.properties import ObjectProperties, encode_properties, storage_class
from kennel.services.s3.tags import encode_tags, parse_tag_header
from kennel.services.s3.version_rows import (
    NewVersion,
    add_version,
    current_version,
    shown_version,
    stored,
)
from kennel.store import ContentHash

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["SINGLE_PUT_LIMIT", "Putting", "too_large"]

SINGLE_PUT_LIMIT = 5 << 30
"""Bytes that one PutObject, UploadPart or CopyObject may put."""


class Putting(Area):
    """Objects put in one request."""

    operations: ClassVar[frozenset[str]] = frozenset({"put_object"})

    @takes("ChecksumAlgorithm", *CHECKSUM_VALUES, *PROPERTY_PARAMETERS)
    def put_object(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        Body: Body = b"",
        ContentLength: int = -1,
        ContentMD5: str = "",
        IfMatch: str = "",
        IfNoneMatch: str = "",
        Tagging: str = "",
        ACL: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
        **values: Any,
    ) -> dict[str, Any]:
        """Puts an object: visible whole once this returns, and not at all if it raises."""
        key = encode_key(Key)
        wanted = asked(values)
        properties = ObjectProperties.from_request(values)
        new = NewVersion(
            key=key,
            modified=self.now(),
            storage_class=storage_class(values),
            checksum_algorithm=wanted.algorithm,
            checksum_type=FULL_OBJECT,
            tags=encode_tags(parse_tag_header(Tagging)),
        )
        with self.staged(Body, [ALGORITHMS[wanted.algorithm]]) as blob:
            if blob.size > SINGLE_PUT_LIMIT:
                raise too_large(blob.size)
            check_md5(ContentMD5, blob)
            properties = msgspec.structs.replace(properties, checksum=checksum_of(blob, wanted))
            new = replace(
                new,
                size=blob.size,
                etag=blob.digests[ContentHash.MD5].hex(),
                properties=encode_properties(properties),
            )

            def put(change: Change) -> dict[str, str]:
                bucket = self.bucket(change.connection, Bucket, ExpectedBucketOwner)
                check_canned_acl(change.connection, bucket, ACL)
                if IfMatch or IfNoneMatch:
                    current = current_version(change.connection, bucket.bucket_id, key)
                    check_write(IfMatch, IfNoneMatch, stored(current), Key)
                content_id = store_pieces(change, whole(blob))
                version_id = add_version(change, bucket, replace(new, content_id=content_id))
                # While versioning is suspended PutObject shows no version id.
                return (
                    shown_version(bucket, version_id)
                    if bucket.versioning == Versioning.ENABLED
                    else {}
                )

            shown = self.commit(put, [blob])
        return {
            "ETag": f'"{new.etag}"',
            **checksum_members(wanted.algorithm, properties.checksum, FULL_OBJECT),
            **properties.encryption_members(),
            **shown,
        }


def too_large(size: int) -> EntityTooLarge:
    """The error for more bytes than one request may put."""
    return EntityTooLarge(
        "Your proposed upload exceeds the maximum allowed size",
        ProposedSize=size,
        MaxSizeAllowed=SINGLE_PUT_LIMIT,
    )
