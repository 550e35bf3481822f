from __future__ import annotations

import pytest

from kennel.services.s3.errors import InvalidArgument, InvalidTag
from kennel.services.s3.tags import (
    BUCKET_LIMIT,
    decode_tags,
    encode_tags,
    parse_tag_header,
    read_tag_set,
    tag_set,
)


def test_a_tag_header_is_a_query_string():
    assert parse_tag_header("a=1&b=x%20y&c=") == {"a": "1", "b": "x y", "c": ""}
    assert parse_tag_header("") == {}


@pytest.mark.parametrize("header", ["a", "a=1&&b", "a=1&a=2", "a%01=b%02"])
def test_a_tag_header_that_is_none_is_refused(header):
    with pytest.raises((InvalidArgument, InvalidTag)):
        parse_tag_header(header)


@pytest.mark.parametrize(
    "tags",
    [
        [{"Key": "k" * 129, "Value": ""}],
        [{"Key": "", "Value": ""}],
        [{"Key": "k", "Value": "v" * 257}],
        [{"Key": "aws:k", "Value": "v"}],
        [{"Key": "a\x02", "Value": "v"}],
        [{"Key": "k", "Value": "x\x03"}],
        [{"Key": "k", "Value": "a,b"}],
        [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
        [{"Key": str(number), "Value": ""} for number in range(11)],
    ],
)
def test_tags_against_the_rules_are_refused(tags):
    with pytest.raises(InvalidTag):
        read_tag_set({"TagSet": tags})


def test_a_bucket_may_have_more_tags_than_an_object():
    tags = [{"Key": str(number), "Value": ""} for number in range(50)]
    assert len(read_tag_set({"TagSet": tags}, BUCKET_LIMIT)) == 50


def test_tags_come_back_as_they_were_stored():
    tags = {"b": "2", "a": "é", "犬 +-=._:/@": "٣"}
    assert decode_tags(encode_tags(tags)) == tags
    assert encode_tags({}) is None
    assert decode_tags(None) == {}
    assert read_tag_set({"TagSet": tag_set(tags)}) == tags
