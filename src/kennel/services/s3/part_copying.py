"""UploadPartCopy: a part that shares the blobs of an object, or of a range of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from kennel.services.s3.area import Area
from kennel.services.s3.checksums import checksum_members
from kennel.services.s3.contents import EMPTY, Change
from kennel.services.s3.copy_source import (
    COPY_ATTEMPTS,
    COPY_SOURCE_PARAMETERS,
    Source,
    SourceName,
    busy,
    digests_of,
    parse_copy_source,
    read_source,
    source_pieces,
)
from kennel.services.s3.errors import InvalidRequest
from kennel.services.s3.parameters import takes
from kennel.services.s3.properties import decode_properties
from kennel.services.s3.putting import SINGLE_PUT_LIMIT
from kennel.services.s3.ranges import Span, copy_range
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
        for _ in range(COPY_ATTEMPTS):
            done = self._attempt(copy)
            if done is not None:
                return done
        raise busy()

    def _attempt(self, copy: _Copy) -> dict[str, Any] | None:
        """Hashes the range and makes it a part; None if the source was replaced meanwhile."""
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
        digests = digests_of(self, source.version, span, upload.checksum_algorithm)
        if digests is None:
            return None
        part = Part(copy.number, digests.md5, size, self.now(), digests.checksum, EMPTY)
        if not self.commit(lambda change: self._put(change, copy, source, part, span)):
            return None
        return _result(upload, source, part)

    def _put(
        self, change: Change, copy: _Copy, source: Source, part: Part, span: Span | None
    ) -> bool:
        if read_source(self, change.connection, copy.source, copy.values) != source:
            return False
        bucket = self.bucket(change.connection, copy.bucket)
        upload = find_upload(change.connection, bucket, copy.key, copy.upload_id)
        put_part(change, upload, part, source_pieces(change.connection, source.version, span))
        return True


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
