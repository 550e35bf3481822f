"""CompleteMultipartUpload: parts become an object, without a byte being copied."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import msgspec

from kennel.services.parameters import takes
from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow
from kennel.services.s3.checksums import (
    COMPOSITE,
    Asked,
    PartDigest,
    check_value,
    checksum_members,
    combined,
)
from kennel.services.s3.conditions import check_write
from kennel.services.s3.contents import Change, joined_pieces, store_pieces
from kennel.services.s3.errors import (
    EntityTooSmall,
    InvalidPart,
    InvalidPartOrder,
    InvalidRequest,
    MalformedXML,
    NoSuchUpload,
)
from kennel.services.s3.names import encode_key
from kennel.services.s3.parameters import CHECKSUM_VALUES
from kennel.services.s3.part_lists import PartEntry, encode_part_list
from kennel.services.s3.properties import decode_properties, encode_properties
from kennel.services.s3.upload_rows import Part, Upload, find_upload, forget_upload, parts_of
from kennel.services.s3.version_rows import (
    VERSION_COLUMNS,
    NewVersion,
    Version,
    add_version,
    current_version,
    shown_version,
    stored,
)

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["UploadCompletion"]

_PART_MINIMUM = 5 << 20  # bytes of every part but the last


class UploadCompletion(Area):
    """The last step of a multipart upload."""

    operations: ClassVar[frozenset[str]] = frozenset({"complete_multipart_upload"})

    @takes("ChecksumType", *CHECKSUM_VALUES)
    def complete_multipart_upload(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        MultipartUpload: Mapping[str, Any] | None = None,
        MpuObjectSize: int | None = None,
        IfMatch: str = "",
        IfNoneMatch: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
        **values: Any,
    ) -> dict[str, Any]:
        """Makes the listed parts the object. The same request again gives the same answer."""
        listed = (MultipartUpload or {}).get("Parts") or []

        def complete(change: Change) -> dict[str, Any]:
            bucket = self.bucket(change.connection, Bucket, ExpectedBucketOwner)
            try:
                upload = find_upload(change.connection, bucket, Key, UploadId)
            except NoSuchUpload:
                return _completed_before(change, bucket, Key, UploadId)
            parts = _chosen(listed, parts_of(change.connection, UploadId), upload)
            new = _assembled(upload, parts, values, MpuObjectSize)
            current = current_version(change.connection, bucket.bucket_id, upload.key)
            check_write(IfMatch, IfNoneMatch, stored(current), Key)
            pieces = joined_pieces(change.connection, [part.content_id for part in parts])
            # Stored again before the upload is forgotten, so that the blobs are never unowned.
            content_id = store_pieces(change, pieces)
            forget_upload(change, UploadId)
            version_id = add_version(change, bucket, replace(new, content_id=content_id))
            return _result(new.etag, new.checksum_algorithm, new.checksum_type, new.properties) | (
                shown_version(bucket, version_id)
            )

        result = self.commit(complete)
        host = ctx.source.get("host") or f"s3.{ctx.region}.amazonaws.com"
        return {
            "Location": f"http://{host}/{Bucket}/{quote(Key)}",
            "Bucket": Bucket,
            "Key": Key,
            **result,
        }


def _chosen(
    listed: Sequence[Mapping[str, Any]], uploaded: Mapping[int, Part], upload: Upload
) -> list[Part]:
    """The parts that the request lists. Raises what S3 raises for a list that does not hold."""
    if not listed:
        raise MalformedXML(
            "The XML you provided was not well-formed or did not validate against our published "
            "schema"
        )
    parts: list[Part] = []
    for item in listed:
        number = item.get("PartNumber", 0)
        if parts and number <= parts[-1].number:
            raise InvalidPartOrder(
                "The list of parts was not in ascending order. Parts must be ordered by part "
                "number.",
                UploadId=upload.upload_id,
            )
        part = uploaded.get(number)
        etag = str(item.get("ETag", "")).strip('"')
        checksum = item.get(f"Checksum{upload.checksum_algorithm}")
        if part is None or part.etag != etag or (checksum and checksum != part.checksum):
            raise InvalidPart(
                "One or more of the specified parts could not be found.  The part may not have "
                "been uploaded, or the specified entity tag may not match the part's entity tag.",
                UploadId=upload.upload_id,
                PartNumber=number,
                ETag=etag,
            )
        parts.append(part)
    for part in parts[:-1]:
        if part.size < _PART_MINIMUM:
            raise EntityTooSmall(
                "Your proposed upload is smaller than the minimum allowed size",
                ProposedSize=part.size,
                MinSizeAllowed=_PART_MINIMUM,
                PartNumber=part.number,
                ETag=part.etag,
            )
    return parts


def _assembled(
    upload: Upload, parts: Sequence[Part], values: Mapping[str, Any], expected_size: int | None
) -> NewVersion:
    """The object that the parts make. Raises InvalidRequest, BadDigest."""
    size = sum(part.size for part in parts)
    if expected_size is not None and expected_size != size:
        raise InvalidRequest(
            f"The provided 'x-amz-mp-object-size' header value {expected_size} does not match what "
            f"was computed: {size}"
        )
    kind = values.get("ChecksumType") or upload.checksum_type
    if kind != upload.checksum_type:
        raise InvalidRequest(
            f"The upload was created using the {upload.checksum_type} checksum mode. The complete "
            "request must use the same checksum mode."
        )
    checksum = combined(
        upload.checksum_algorithm, kind, [PartDigest(part.checksum, part.size) for part in parts]
    )
    given = values.get(f"Checksum{upload.checksum_algorithm}") or ""
    if given != checksum.partition("-")[0]:  # S3 takes a composite one with its count or without
        check_value(Asked(upload.checksum_algorithm, given, True), checksum)
    properties = msgspec.structs.replace(decode_properties(upload.properties), checksum=checksum)
    digest = hashlib.md5(
        b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False
    )
    return NewVersion(
        key=upload.key,
        modified=upload.started,
        size=size,
        etag=f"{digest.hexdigest()}-{len(parts)}",
        storage_class=upload.storage_class,
        checksum_algorithm=upload.checksum_algorithm,
        checksum_type=kind,
        part_count=len(parts),
        upload_id=upload.upload_id,
        properties=encode_properties(properties),
        tags=upload.tags,
        parts=encode_part_list(
            [
                PartEntry(position, part.size, part.checksum if kind == COMPOSITE else "")
                for position, part in enumerate(parts, 1)
            ]
        ),
    )


def _completed_before(
    change: Change, bucket: BucketRow, key: str, upload_id: str
) -> dict[str, Any]:
    """The answer to a request that was completed already, whose reply the client may have missed.

    Raises NoSuchUpload if there is no version that this upload made.
    """
    row = change.connection.execute(
        f"SELECT {VERSION_COLUMNS} FROM s3_versions "
        "WHERE bucket_id = ? AND key = ? AND upload_id = ?",
        (bucket.bucket_id, encode_key(key), upload_id),
    ).fetchone()
    if row is None:
        find_upload(change.connection, bucket, key, upload_id)
    version = Version(*row)
    return _result(
        version.etag, version.checksum_algorithm, version.checksum_type, version.properties
    ) | shown_version(bucket, version.version_id)


def _result(etag: str, algorithm: str, kind: str, stored_properties: bytes) -> dict[str, Any]:
    properties = decode_properties(stored_properties)
    return {
        "ETag": f'"{etag}"',
        **checksum_members(algorithm, properties.checksum, kind),
        **properties.encryption_members(),
    }
