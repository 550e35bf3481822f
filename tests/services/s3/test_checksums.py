from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.s3.checksums import (
    ALGORITHMS,
    COMPOSITE,
    FULL_OBJECT,
    Asked,
    PartDigest,
    asked,
    combined,
    upload_checksum_type,
)
from kennel.services.s3.errors import BadDigest, InvalidDigest, InvalidRequest
from kennel.store import Hasher
from tests.services.s3.stage import Stage


def value_of(algorithm: str, data: bytes) -> str:
    hasher = Hasher([ALGORITHMS[algorithm]])
    hasher.update(data)
    (digest,) = hasher.digests().values()
    return base64.b64encode(digest).decode()


def test_without_a_word_the_checksum_is_s3s_default():
    assert asked({}) == Asked("CRC64NVME", "", False)


def test_the_value_outweighs_the_algorithm():
    crc = value_of("CRC32", b"x")
    assert asked({"ChecksumAlgorithm": "SHA256", "ChecksumCRC32": crc}) == Asked("CRC32", crc, True)


@pytest.mark.parametrize(
    "values",
    [
        {"ChecksumCRC32": value_of("CRC32", b""), "ChecksumSHA1": value_of("SHA1", b"")},
        {"ChecksumAlgorithm": "CRC7"},
        {"ChecksumCRC32": "not base64"},
        {"ChecksumCRC32": value_of("SHA1", b"")},
    ],
)
def test_checksums_that_make_no_sense_are_refused(values):
    with pytest.raises(InvalidRequest):
        asked(values)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_algorithm_guards_an_upload_and_comes_back(stage: Stage, algorithm):
    member = f"Checksum{algorithm}"
    right, wrong = value_of(algorithm, b"body"), value_of(algorithm, b"other")
    assert stage.put("k", b"body", **{member: right})[member] == right
    head = stage.call("HeadObject", Bucket="bucket", Key="k", ChecksumMode="ENABLED")
    assert (head[member], head["ChecksumType"]) == (right, FULL_OBJECT)
    assert isinstance(stage.error("PutObject", Bucket="bucket", Key="k", Body=b"body",
                                  **{member: wrong}), BadDigest)  # fmt: skip
    assert stage.read("k") == b"body"


def test_checksums_are_shown_only_when_asked_for(stage: Stage):
    stage.put("k")
    assert "ChecksumCRC64NVME" not in stage.call("HeadObject", Bucket="bucket", Key="k")


def test_content_md5_guards_an_upload(stage: Stage):
    digest = hashlib.md5(b"body").digest()
    stage.put("k", b"body", ContentMD5=base64.b64encode(digest).decode())
    error = stage.error("PutObject", Bucket="bucket", Key="k", Body=b"other",
                        ContentMD5=base64.b64encode(digest).decode())  # fmt: skip
    assert isinstance(error, BadDigest)
    for bad in ("?", "aGVsbG8="):
        error = stage.error("PutObject", Bucket="bucket", Key="k", Body=b"x", ContentMD5=bad)
        assert isinstance(error, InvalidDigest)


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=8))
def test_a_full_objects_crc_is_that_of_the_parts_laid_end_to_end(parts):
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME"):
        digests = [PartDigest(value_of(algorithm, part), len(part)) for part in parts]
        whole = value_of(algorithm, b"".join(parts))
        assert combined(algorithm, FULL_OBJECT, digests) == whole


def test_a_composite_checksum_is_the_hash_of_the_parts_hashes():
    parts = [b"one", b"two"]
    digests = [PartDigest(value_of("CRC32", part), len(part)) for part in parts]
    joined = b"".join(zlib.crc32(part).to_bytes(4, "big") for part in parts)
    assert combined("CRC32", COMPOSITE, digests) == f"{value_of('CRC32', joined)}-2"


def test_the_type_of_an_uploads_checksum_has_defaults_and_limits():
    assert upload_checksum_type("CRC64NVME", "") == FULL_OBJECT
    assert upload_checksum_type("CRC32", "") == COMPOSITE
    assert upload_checksum_type("CRC32", "FULL_OBJECT") == FULL_OBJECT
    for algorithm, kind in (("CRC64NVME", COMPOSITE), ("SHA256", FULL_OBJECT), ("CRC32", "x")):
        with pytest.raises(InvalidRequest):
            upload_checksum_type(algorithm, kind)
