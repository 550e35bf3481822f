"""UploadPartCopy: a part that shares the blobs of an object, or of a range of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from kennel.services.parameters import takes
from kennel.services.s3.area import Area
from kennel.services.s3.checksums import checksum_members
from kennel.services.s3.contents import EMPTY, Change
from kennel.services.s3.copy_source import (
    COPY_ATTEMPTS,
    COPY_SOURCE_PARAMETERS,
    Source,
    SourceName,
    busy,
    copied_pieces,
    material,
    parse_copy_source,
    read_source,
)
from kennel.services.s3.errors import InvalidRequest
from kennel.services.s3.missing_keys import told_to_listers
from kennel.services.s3.properties import decode_properties
from kennel.services.s3.putting import SINGLE_PUT_LIMIT
from kennel.services.s3.ranges import copy_range
from kennel.services.s3.upload_rows import (
    Part,
    Upload,
    check_part_number,
    find_upload,
    put_part,
)

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["PartCopying"]


class _Copy(NamedTuple):
    """An UploadPartCopy request."""

    source: SourceName
    range: str
    bucket: str
    key: str
    upload_id: str
    number: int
    owner: str
    values: Mapping[str, Any]


class PartCopying(Area):
    """Parts made of objects."""

    operations: ClassVar[frozenset[str]] = frozenset({"upload_part_copy"})

    @takes(*COPY_SOURCE_PARAMETERS)
    def upload_part_copy(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        PartNumber: int,
        CopySource: str | Mapping[str, str],
        CopySourceRange: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
        **values: Any,
    ) -> dict[str, Any]:
        """Makes a part, of at most 5 GiB, of an object or of a range of it."""
        check_part_number(PartNumber)
        copy = _Copy(
            source=parse_copy_source(CopySource),
            range=CopySourceRange,
            bucket=Bucket,
            key=Key,
            upload_id=UploadId,
            number=PartNumber,
            owner=ExpectedBucketOwner,
            values=values,
        )
        for attempt in range(COPY_ATTEMPTS):
            with told_to_listers(ctx, copy.source.bucket):
                done = self._attempt(copy, share=attempt == 0)
            if done is not None:
                return done
        raise busy()

    def _attempt(self, copy: _Copy, *, share: bool) -> dict[str, Any] | None:
        """Makes the part; None if the source was replaced meanwhile."""
        upload, source = self.parts.database.read(
            lambda connection: (
                find_upload(
                    connection,
                    self.bucket(connection, copy.bucket, copy.owner),
                    copy.key,
                    copy.upload_id,
                ),
                read_source(self, connection, copy.source, copy.values),
            )
        )
        span = copy_range(copy.range, source.version.size) if copy.range else None
        size = source.version.size if span is None else span.length
        if size > SINGLE_PUT_LIMIT:
            raise InvalidRequest(
                "The specified copy source is larger than the maximum allowable size for a copy "
                f"source: {SINGLE_PUT_LIMIT}"
            )
        with material(self, source, span, upload.checksum_algorithm, share=share) as made_of:
            if made_of is None:
                return None
            part = Part(copy.number, made_of.md5, size, self.now(), made_of.checksum, EMPTY)

            def put(change: Change) -> bool:
                connection = change.connection
                pieces = copied_pieces(
                    self, connection, copy.source, copy.values, source, span, made_of
                )
                if pieces is None:
                    return False
                bucket = self.bucket(connection, copy.bucket)
                put_part(
                    change, find_upload(connection, bucket, copy.key, copy.upload_id), part, pieces
                )
                return True

            done = self.commit(put, made_of.staged)
        return _result(upload, source, part) if done else None


def _result(upload: Upload, source: Source, part: Part) -> dict[str, Any]:
    result = {
        "ETag": f'"{part.etag}"',
        "LastModified": float(part.modified),
        **checksum_members(upload.checksum_algorithm, part.checksum),
    }
    return {
        "CopyPartResult": result,
        **source.shown_version(),
        **decode_properties(upload.properties).encryption_members(),
    }
