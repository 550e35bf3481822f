"""Multipart uploads: begun, filled, aborted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.parameters import takes
from kennel.services.s3.acl import check_canned_acl
from kennel.services.s3.area import Area, Body
from kennel.services.s3.checksums import (
    ALGORITHMS,
    DEFAULT_ALGORITHM,
    Asked,
    asked,
    check_md5,
    checksum_members,
    checksum_of,
    upload_checksum_type,
)
from kennel.services.s3.contents import EMPTY, Change, whole
from kennel.services.s3.errors import InvalidRequest
from kennel.services.s3.names import encode_key, make_upload_id
from kennel.services.s3.parameters import CHECKSUM_VALUES, PROPERTY_PARAMETERS
from kennel.services.s3.properties import (
    ObjectProperties,
    decode_properties,
    encode_properties,
    storage_class,
)
from kennel.services.s3.putting import SINGLE_PUT_LIMIT, too_large
from kennel.services.s3.tags import encode_tags, parse_tag_header
from kennel.services.s3.upload_rows import (
    Part,
    Upload,
    check_part_number,
    find_upload,
    forget_upload,
    put_part,
)
from kennel.store import ContentHash

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Uploads"]


class Uploads(Area):
    """CreateMultipartUpload, UploadPart, AbortMultipartUpload."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"abort_multipart_upload", "create_multipart_upload", "upload_part"}
    )

    @takes("ChecksumAlgorithm", "ChecksumType", *PROPERTY_PARAMETERS)
    def create_multipart_upload(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        Tagging: str = "",
        ACL: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
        **values: Any,
    ) -> dict[str, Any]:
        """Begins an upload; nothing of it is visible before it is completed."""
        wanted = asked(values)
        kind = upload_checksum_type(wanted.algorithm, values.get("ChecksumType") or "")
        properties = ObjectProperties.from_request(values)
        upload = Upload(
            upload_id=make_upload_id(self.parts.clock.wall()),
            key=encode_key(Key),
            started=self.now(),
            storage_class=storage_class(values),
            checksum_algorithm=wanted.algorithm,
            checksum_type=kind,
            properties=encode_properties(properties),
            tags=encode_tags(parse_tag_header(Tagging)),
        )

        def create(change: Change) -> None:
            bucket = self.bucket(change.connection, Bucket, ExpectedBucketOwner)
            check_canned_acl(change.connection, bucket, ACL)
            change.connection.execute(
                "INSERT INTO s3_uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (upload.upload_id, bucket.bucket_id, *upload[1:]),
            )

        self.commit(create)
        return {
            "Bucket": Bucket,
            "Key": Key,
            "UploadId": upload.upload_id,
            "ChecksumAlgorithm": wanted.algorithm,
            "ChecksumType": kind,
            **properties.encryption_members(),
        }

    @takes("ChecksumAlgorithm", *CHECKSUM_VALUES)
    def upload_part(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        PartNumber: int,
        Body: Body = b"",
        ContentLength: int = -1,
        ContentMD5: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
        **values: Any,
    ) -> dict[str, Any]:
        """Stores a part, in any order; a second one of the same number replaces the first."""
        check_part_number(PartNumber)
        given = asked(values)
        upload = self.parts.database.read(
            lambda connection: find_upload(
                connection,
                self.bucket(connection, Bucket, ExpectedBucketOwner),
                Key,
                UploadId,
            )
        )
        _check_algorithm(given, upload)
        with self.staged(Body, [ALGORITHMS[given.algorithm]]) as blob:
            if blob.size > SINGLE_PUT_LIMIT:
                raise too_large(blob.size)
            check_md5(ContentMD5, blob)
            shown = checksum_of(blob, given)
            checksum = checksum_of(blob, Asked(upload.checksum_algorithm, "", False))
            etag = blob.digests[ContentHash.MD5].hex()
            part = Part(PartNumber, etag, blob.size, self.now(), checksum, EMPTY)

            def put(change: Change) -> None:
                bucket = self.bucket(change.connection, Bucket)
                current = find_upload(change.connection, bucket, Key, UploadId)
                put_part(change, current, part, whole(blob))

            self.commit(put, [blob])
        return {
            "ETag": f'"{etag}"',
            **checksum_members(given.algorithm, shown),
            **decode_properties(upload.properties).encryption_members(),
        }

    def abort_multipart_upload(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
    ) -> None:
        """Ends an upload and frees its parts."""

        def abort(change: Change) -> None:
            bucket = self.bucket(change.connection, Bucket, ExpectedBucketOwner)
            find_upload(change.connection, bucket, Key, UploadId)
            forget_upload(change, UploadId)

        self.commit(abort)


def _check_algorithm(given: Asked, upload: Upload) -> None:
    """Raises InvalidRequest if the part names another checksum than its upload did.

    An upload that named none takes any: the part is held against it, and the object gets S3's
    default checksum.
    """
    if (
        given.named
        and given.algorithm != upload.checksum_algorithm
        and upload.checksum_algorithm != DEFAULT_ALGORITHM
    ):
        raise InvalidRequest(
            f"Checksum Type mismatch occurred, expected checksum Type: "
            f"{upload.checksum_algorithm.lower()}, actual checksum Type: {given.algorithm.lower()}"
        )
