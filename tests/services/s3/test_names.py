from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.s3.errors import InvalidArgument, InvalidBucketName, KeyTooLongError
from kennel.services.s3.names import (
    check_bucket_name,
    decode_key,
    encode_key,
    listed,
    make_upload_id,
    make_version_id,
)


@pytest.mark.parametrize(
    "name", ["abc", "a-b.c", "sagemaker-us-east-1-000000000000", "1ab", "a" * 63, "a.b.c.d"]
)
def test_a_bucket_may_have_this_name(name):
    check_bucket_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "ab", "a" * 64, "Abc", "a_b", "-ab", "ab-", ".ab", "ab.", "a..b", "192.168.5.4",
        "xn--abc", "sthree-abc", "amzn-s3-demo-x", "abc-s3alias", "abc--ol-s3", "abc.mrap",
        "abc--x-s3", "abc--table-s3", "a b", "ab\n", "é" * 4,
    ],
)  # fmt: skip
def test_a_bucket_may_not_have_this_name(name):
    with pytest.raises(InvalidBucketName):
        check_bucket_name(name)


@given(st.text(min_size=1, max_size=200).filter(lambda text: len(text.encode()) <= 1024))
def test_any_unicode_is_a_key(key):
    assert decode_key(encode_key(key)) == key


def test_a_key_has_at_most_1024_bytes():
    encode_key("k" * 1024)
    with pytest.raises(KeyTooLongError) as caught:
        encode_key("é" * 512 + "k")
    assert caught.value.members == {"Size": 1025, "MaxSizeAllowed": 1024}


@pytest.mark.parametrize("key", ["", "\ud800"])
def test_what_is_no_text_is_no_key(key):
    with pytest.raises(InvalidArgument):
        encode_key(key)


def test_listings_encode_what_xml_cannot_hold():
    assert listed("a b/\x01é+%", "url") == "a%20b/%01%C3%A9%2B%25"
    assert listed("a b/\x01é+%", "") == "a b/\x01é+%"


def test_upload_ids_ascend_with_time():
    ids = [make_upload_id(now) for now in (1.0, 1.001, 2.0, 1_700_000_000.0)]
    assert ids == sorted(ids)


def test_version_ids_do_not_repeat():
    assert len({make_version_id() for _ in range(1000)}) == 1000
    assert {len(make_version_id()) for _ in range(10)} == {32}
