"""Checksums that clients send and ask for.

An object has one checksum, by the algorithm that its upload named; S3 takes CRC64NVME where none
was named. FULL_OBJECT is the checksum of the bytes. COMPOSITE is the checksum of the parts'
checksums, written `VALUE-COUNT`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kennel.services.s3.errors import BadDigest, InvalidDigest, InvalidRequest
from kennel.services.s3.parameters import CHECKSUM_VALUES
from kennel.store import ContentHash, Hasher, StagedBlob, combine_crc

__all__ = [
    "ALGORITHMS",
    "COMPOSITE",
    "DEFAULT_ALGORITHM",
    "FULL_OBJECT",
    "Asked",
    "PartDigest",
    "asked",
    "check_md5",
    "check_value",
    "checksum_members",
    "checksum_of",
    "combined",
    "upload_checksum_type",
]

ALGORITHMS: Mapping[str, ContentHash] = {
    name.removeprefix("Checksum"): ContentHash(name.removeprefix("Checksum").lower())
    for name in CHECKSUM_VALUES
}
"""The model's names of the algorithms."""

DEFAULT_ALGORITHM = "CRC64NVME"
FULL_OBJECT = "FULL_OBJECT"
COMPOSITE = "COMPOSITE"

_CRCS = {"CRC32", "CRC32C", "CRC64NVME"}  # only these can be combined into a full object's


class Asked(NamedTuple):
    """A request's checksum: the algorithm, and the value it must have (empty: any).

    `named` is false where the request named none and S3's default stands.
    """

    algorithm: str
    value: str
    named: bool


class PartDigest(NamedTuple):
    """A part's checksum (base64) and size in bytes."""

    checksum: str
    size: int


def asked(values: Mapping[str, Any]) -> Asked:
    """The checksum that a request's Checksum… parameters ask for. Raises InvalidRequest."""
    given = [(name, values[name]) for name in CHECKSUM_VALUES if values.get(name)]
    if len(given) > 1:
        raise InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types "
                             "are not allowed.")  # fmt: skip
    algorithm = str(values.get("ChecksumAlgorithm") or "").upper()
    if algorithm and algorithm not in ALGORITHMS:
        raise InvalidRequest(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid "
            f"types: [{', '.join(sorted(ALGORITHMS))}]"
        )
    if not given:
        return Asked(algorithm or DEFAULT_ALGORITHM, "", bool(algorithm))
    name, value = given[0]
    # The value wins over ChecksumAlgorithm, as S3 documents it.
    algorithm = name.removeprefix("Checksum")
    if len(_decoded(str(value))) != _width(algorithm):
        raise InvalidRequest(f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.")
    return Asked(algorithm, str(value), True)


def checksum_of(blob: StagedBlob, wanted: Asked) -> str:
    """The blob's checksum in base64. Raises BadDigest if the request says another one."""
    value = base64.b64encode(blob.digest(ALGORITHMS[wanted.algorithm])).decode()
    check_value(wanted, value)
    return value


def check_value(wanted: Asked, value: str) -> None:
    """Raises BadDigest if the request says another value."""
    if wanted.value and wanted.value != value:
        raise BadDigest(
            f"The {wanted.algorithm} you specified did not match the calculated checksum."
        )


def check_md5(header: str, blob: StagedBlob) -> None:
    """Holds a Content-MD5 against the bytes. Raises InvalidDigest, BadDigest."""
    if not header:
        return
    expected = _decoded(header)
    if len(expected) != 16:
        details: dict[str, Any] = {"Content-MD5": header}
        raise InvalidDigest("The Content-MD5 you specified was invalid.", **details)
    if expected != blob.digests[ContentHash.MD5]:
        raise BadDigest(
            "The Content-MD5 you specified did not match what we received.",
            ExpectedDigest=expected.hex(),
            CalculatedDigest=blob.digests[ContentHash.MD5].hex(),
        )


def upload_checksum_type(algorithm: str, requested: str) -> str:
    """The checksum type of a multipart upload. Raises InvalidRequest for a pair S3 has not."""
    if not requested:
        return FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE
    impossible = algorithm not in _CRCS if requested == FULL_OBJECT else algorithm == "CRC64NVME"
    if impossible or requested not in (FULL_OBJECT, COMPOSITE):
        raise InvalidRequest(
            f"The {requested} checksum type cannot be used with the {algorithm.lower()} checksum "
            "algorithm."
        )
    return requested


def combined(algorithm: str, kind: str, parts: Sequence[PartDigest]) -> str:
    """A multipart object's checksum from its parts' alone."""
    digests = [(base64.b64decode(part.checksum), part.size) for part in parts]
    if kind == FULL_OBJECT:
        return base64.b64encode(combine_crc(ALGORITHMS[algorithm], digests)).decode()
    hasher = Hasher([ALGORITHMS[algorithm]])
    for digest, _ in digests:
        hasher.update(digest)
    (total,) = hasher.digests().values()
    return f"{base64.b64encode(total).decode()}-{len(parts)}"


def checksum_members(algorithm: str, value: str, kind: str = "") -> dict[str, str]:
    """As members of an output; `kind` (if any) as ChecksumType."""
    if not value:
        return {}
    members = {f"Checksum{algorithm}": value}
    return members | {"ChecksumType": kind} if kind else members


def _decoded(value: str) -> bytes:
    """The bytes of a base64 value; empty if it is none."""
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return b""


_WIDTHS = {name: len(Hasher([kind]).digests()[kind]) for name, kind in ALGORITHMS.items()}


def _width(algorithm: str) -> int:
    return _WIDTHS[algorithm]
