"""CopyObject: the copy shares the blobs of its source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from kennel.services.parameters import takes
from kennel.services.s3.acl import check_canned_acl
from kennel.services.s3.area import Area
from kennel.services.s3.checksums import FULL_OBJECT, Asked, asked, checksum_members
from kennel.services.s3.conditions import check_write
from kennel.services.s3.contents import Change, store_pieces
from kennel.services.s3.copy_source import (
    COPY_ATTEMPTS,
    COPY_SOURCE_PARAMETERS,
    Material,
    Source,
    SourceName,
    busy,
    copied_pieces,
    material,
    parse_copy_source,
    read_source,
)
from kennel.services.s3.errors import InvalidArgument, InvalidRequest
from kennel.services.s3.missing_keys import told_to_listers
from kennel.services.s3.names import encode_key
from kennel.services.s3.parameters import PROPERTY_PARAMETERS
from kennel.services.s3.properties import (
    ObjectProperties,
    decode_properties,
    encode_properties,
    storage_class,
)
from kennel.services.s3.putting import SINGLE_PUT_LIMIT
from kennel.services.s3.tags import encode_tags, parse_tag_header
from kennel.services.s3.version_rows import (
    NewVersion,
    add_version,
    current_version,
    shown_version,
    stored,
)

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["ObjectCopying"]

# Any of these makes a copy of an object onto itself a change.
_CHANGES = (
    "BucketKeyEnabled",
    "ChecksumAlgorithm",
    "SSEKMSKeyId",
    "ServerSideEncryption",
    "StorageClass",
    "WebsiteRedirectLocation",
)


class _Copy(NamedTuple):
    """A CopyObject request. `tags` is None where the source's are copied."""

    source: SourceName
    bucket: str
    key: str
    encoded_key: bytes
    owner: str
    acl: str
    match: str
    none_match: str
    new_metadata: bool
    new_tags: bool
    tags: bytes | None
    checksum: Asked
    storage_class: str
    values: Mapping[str, Any]


class ObjectCopying(Area):
    """Objects made of objects."""

    operations: ClassVar[frozenset[str]] = frozenset({"copy_object"})

    @takes("ChecksumAlgorithm", *PROPERTY_PARAMETERS, *COPY_SOURCE_PARAMETERS)
    def copy_object(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        CopySource: str | Mapping[str, str],
        MetadataDirective: str = "COPY",
        TaggingDirective: str = "COPY",
        Tagging: str = "",
        IfMatch: str = "",
        IfNoneMatch: str = "",
        ACL: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
        **values: Any,
    ) -> dict[str, Any]:
        """Copies an object of at most 5 GiB; a change of metadata is a copy onto itself."""
        copy = _Copy(
            source=parse_copy_source(CopySource),
            bucket=Bucket,
            key=Key,
            encoded_key=encode_key(Key),
            owner=ExpectedBucketOwner,
            acl=ACL,
            match=IfMatch,
            none_match=IfNoneMatch,
            new_metadata=_replaces(MetadataDirective, "x-amz-metadata-directive"),
            new_tags=_replaces(TaggingDirective, "x-amz-tagging-directive"),
            tags=encode_tags(parse_tag_header(Tagging)),
            checksum=asked(values),
            storage_class=storage_class(values),
            values=values,
        )
        _check_changes_something(copy)
        for attempt in range(COPY_ATTEMPTS):
            with told_to_listers(ctx, copy.source.bucket):
                done = self._attempt(copy, share=attempt == 0)
            if done is not None:
                return done
        raise busy()

    def _attempt(self, copy: _Copy, *, share: bool) -> dict[str, Any] | None:
        """Copies, hashing the source if need be; None if it was replaced meanwhile."""
        source = self.parts.database.read(
            lambda connection: read_source(self, connection, copy.source, copy.values)
        )
        if source.version.size > SINGLE_PUT_LIMIT:
            raise InvalidRequest(
                "The specified copy source is larger than the maximum allowable size for a copy "
                f"source: {SINGLE_PUT_LIMIT}"
            )
        algorithm = source.version.checksum_algorithm
        if copy.checksum.named:
            algorithm = copy.checksum.algorithm
        with material(self, source, None, algorithm, share=share) as made_of:
            if made_of is None:
                return None
            return self.commit(
                lambda change: self._copy(change, copy, source, algorithm, made_of), made_of.staged
            )

    def _copy(
        self, change: Change, copy: _Copy, source: Source, algorithm: str, made_of: Material
    ) -> dict[str, Any] | None:
        bucket = self.bucket(change.connection, copy.bucket, copy.owner)
        check_canned_acl(change.connection, bucket, copy.acl)
        current = current_version(change.connection, bucket.bucket_id, copy.encoded_key)
        check_write(copy.match, copy.none_match, stored(current), copy.key)
        pieces = copied_pieces(
            self, change.connection, copy.source, copy.values, source, None, made_of
        )
        if pieces is None:
            return None
        version = source.version
        properties = _properties(version.properties, copy, made_of.checksum)
        new = NewVersion(
            key=copy.encoded_key,
            modified=self.now(),
            size=version.size,
            etag=made_of.md5,
            storage_class=copy.storage_class,
            checksum_algorithm=algorithm,
            checksum_type=FULL_OBJECT,
            content_id=store_pieces(change, pieces),
            properties=encode_properties(properties),
            tags=copy.tags if copy.new_tags else version.tags,
        )
        version_id = add_version(change, bucket, new)
        result = {
            "ETag": f'"{new.etag}"',
            "LastModified": float(new.modified),
            **checksum_members(algorithm, made_of.checksum, FULL_OBJECT),
        }
        return {
            "CopyObjectResult": result,
            **source.shown_version(),
            **shown_version(bucket, version_id),
            **properties.encryption_members(),
        }


def _replaces(directive: str, header: str) -> bool:
    if directive not in ("COPY", "REPLACE"):
        raise InvalidArgument(
            f"Unknown {header.removeprefix('x-amz-').replace('-', ' ')}.",
            ArgumentName=header,
            ArgumentValue=directive,
        )
    return directive == "REPLACE"


def _check_changes_something(copy: _Copy) -> None:
    """Raises InvalidRequest for a copy of an object onto itself that changes nothing."""
    changes = copy.new_metadata or any(copy.values.get(name) for name in _CHANGES)
    if copy.source == SourceName(copy.bucket, copy.key, "") and not changes:
        raise InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without "
            "changing the object's metadata, storage class, website redirect location or "
            "encryption attributes."
        )


def _properties(source: bytes, copy: _Copy, checksum: str) -> ObjectProperties:
    """The copy's properties. Encryption and redirect are always the request's own."""
    asked_for = ObjectProperties.from_request(copy.values)
    if copy.new_metadata:
        return msgspec.structs.replace(asked_for, checksum=checksum)
    return msgspec.structs.replace(
        decode_properties(source),
        checksum=checksum,
        encryption=asked_for.encryption,
        kms_key=asked_for.kms_key,
        bucket_key=asked_for.bucket_key,
        redirect=asked_for.redirect,
    )
