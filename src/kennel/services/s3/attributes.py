"""GetObjectAttributes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.s3.area import Area
from kennel.services.s3.checksums import checksum_members
from kennel.services.s3.listing import check_listing
from kennel.services.s3.part_lists import PartEntry, part_list
from kennel.services.s3.properties import decode_properties
from kennel.services.s3.reading import read_version
from kennel.services.s3.version_rows import Version, shown_version

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Attributes"]


class Attributes(Area):
    """What an object is, without its headers."""

    operations: ClassVar[frozenset[str]] = frozenset({"get_object_attributes"})

    def get_object_attributes(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        ObjectAttributes: Sequence[str],
        VersionId: str = "",
        MaxParts: int = 1000,
        PartNumberMarker: int = 0,
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """The attributes that are asked for: ETag, Checksum, ObjectParts, StorageClass,
        ObjectSize."""
        limit = check_listing(MaxParts, "max-parts", "")

        def read(connection: sqlite3.Connection) -> dict[str, Any]:
            bucket = self.bucket(connection, Bucket, ExpectedBucketOwner)
            version = read_version(connection, bucket, Key, VersionId)
            checksum = decode_properties(version.properties).checksum
            attributes: dict[str, Any] = {
                "ETag": version.etag,
                "Checksum": checksum_members(
                    version.checksum_algorithm, checksum, version.checksum_type
                ),
                "StorageClass": version.storage_class,
                "ObjectSize": version.size,
            }
            if version.part_count and "ObjectParts" in ObjectAttributes:
                parts = part_list(connection, version.row_id)
                attributes["ObjectParts"] = _parts(version, parts, limit, PartNumberMarker)
            return {
                "LastModified": float(version.modified),
                **shown_version(bucket, version.version_id),
                **{name: value for name, value in attributes.items() if name in ObjectAttributes},
            }

        return self.parts.database.read(read)


def _parts(version: Version, parts: Sequence[PartEntry], limit: int, marker: int) -> dict[str, Any]:
    """The ObjectParts structure. Parts are shown one by one only if each has a checksum."""
    structure: dict[str, Any] = {"TotalPartsCount": version.part_count}
    if not parts or not parts[0].checksum:
        return structure
    following = [part for part in parts if part.number > marker]
    shown = following[:limit]
    return structure | {
        "PartNumberMarker": marker,
        "NextPartNumberMarker": shown[-1].number if shown else 0,
        "MaxParts": limit,
        "IsTruncated": len(following) > len(shown),
        "Parts": [
            {
                "PartNumber": part.number,
                "Size": part.size,
                **checksum_members(version.checksum_algorithm, part.checksum),
            }
            for part in shown
        ],
    }
