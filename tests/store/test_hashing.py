from __future__ import annotations

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.store import ContentHash, Hasher, combine_crc

# The check values of "123456789" in the catalogues of CRCs and in xxHash's own test vectors.
CHECK_VALUES = {
    ContentHash.CRC32: "cbf43926",
    ContentHash.CRC32C: "e3069283",
    ContentHash.CRC64NVME: "ae8b14860a799888",
    ContentHash.MD5: hashlib.md5(b"123456789").hexdigest(),
    ContentHash.SHA1: hashlib.sha1(b"123456789").hexdigest(),
    ContentHash.SHA256: hashlib.sha256(b"123456789").hexdigest(),
    ContentHash.SHA512: hashlib.sha512(b"123456789").hexdigest(),
}


@pytest.mark.parametrize("name", sorted(CHECK_VALUES))
def test_a_hash_has_its_published_check_value(name):
    hasher = Hasher([name])
    hasher.update(b"123456789")
    assert hasher.digests()[name].hex() == CHECK_VALUES[name]


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_a_hash_does_not_depend_on_how_the_bytes_come(pieces):
    in_pieces, at_once = Hasher(ContentHash), Hasher(ContentHash)
    for piece in pieces:
        in_pieces.update(piece)
    at_once.update(b"".join(pieces))
    assert in_pieces.digests() == at_once.digests()


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_crcs_of_parts_combine_to_that_of_the_whole(pieces):
    for name in (ContentHash.CRC32, ContentHash.CRC32C, ContentHash.CRC64NVME):
        digests = []
        for piece in pieces:
            hasher = Hasher([name])
            hasher.update(piece)
            digests.append((hasher.digests()[name], len(piece)))
        whole = Hasher([name])
        whole.update(b"".join(pieces))
        assert combine_crc(name, digests) == whole.digests()[name]


def test_crc32_is_that_of_zlib():
    hasher = Hasher(["crc32"])
    hasher.update(b"abc")
    assert int.from_bytes(hasher.digests()["crc32"], "big") == zlib.crc32(b"abc")


def test_only_crcs_combine():
    with pytest.raises(KeyError):
        combine_crc(ContentHash.SHA256, [])


def test_an_unknown_hash_is_refused():
    with pytest.raises(ValueError, match="crc7"):
        Hasher(["crc7"])
