"""The walker, against a plain list of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.page_token import encode_place
from kennel.services.s3.errors import InvalidArgument
from kennel.services.s3.listing import (
    after_key,
    after_prefix,
    check_listing,
    continued,
    group_of,
    walk,
)


class Row(NamedTuple):
    key: bytes


class Index:
    """Rows in order that count how often they are sought and read."""

    def __init__(self, keys: set[bytes], prefix: bytes) -> None:
        self.keys = sorted(keys)
        self.prefix = prefix
        self.seeks = 0
        self.read = 0

    def seek(self, position: bytes) -> Iterator[Row]:
        self.seeks += 1
        for key in self.keys:
            if key >= position and key.startswith(self.prefix):
                self.read += 1
                yield Row(key)


def expected(keys: set[bytes], prefix: bytes, delimiter: bytes) -> list[bytes]:
    """S3's listing as its documentation has it: keys, those with the delimiter rolled up."""
    entries = set()
    for key in keys:
        if key.startswith(prefix):
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (b"", b"", 0)
            entries.add(prefix + head + delimiter if found else key)
    return sorted(entries)


short = st.text(alphabet="ab/é\U0010ffff", max_size=6).map(str.encode)


@given(
    keys=st.sets(short.filter(bool), max_size=25),
    prefix=st.text(alphabet="ab/é", max_size=3).map(str.encode),
    delimiter=st.sampled_from([b"", b"/", b"a/", "é".encode(), b"b"]),
    limit=st.integers(1, 5),
)
def test_pages_make_up_the_whole_listing(keys, prefix, delimiter, limit):
    index = Index(keys, prefix)
    entries: list[bytes] = []
    start = b""
    while True:
        page = walk(index.seek, start=start, prefix=prefix, delimiter=delimiter, limit=limit)
        found = [row.key for row in page.rows] + page.prefixes
        assert len(found) <= limit
        entries += sorted(found)
        if not page.truncated:
            break
        assert len(found) == limit
        assert page.last is not None
        last = page.last if isinstance(page.last, bytes) else page.last.key
        assert last == max(found)
        start = page.following
    assert entries == expected(keys, prefix, delimiter)


@given(keys=st.sets(short.filter(bool), max_size=25), marker=short)
def test_a_group_that_the_marker_is_in_is_not_shown_again(keys, marker):
    index = Index(keys, b"")
    page = walk(
        index.seek,
        start=after_key(marker) if marker else b"",
        prefix=b"",
        delimiter=b"/",
        limit=1000,
        skip_group=group_of(marker, b"", b"/"),
    )
    skipped = group_of(marker, b"", b"/")
    rest = [e for e in expected(keys, b"", b"/") if e > marker and e != skipped]
    found = sorted([row.key for row in page.rows] + page.prefixes)
    assert found == [entry for entry in rest if not (skipped and entry.startswith(skipped))]


def test_a_common_prefix_costs_one_seek_however_many_keys_it_holds():
    keys = {b"%d/%05d" % (folder, number) for folder in range(10) for number in range(1000)}
    index = Index(keys, b"")
    page = walk(index.seek, start=b"", prefix=b"", delimiter=b"/", limit=1000)
    assert len(page.prefixes) == 10
    assert index.seeks == 11
    assert index.read == 10


@given(st.binary(max_size=8), st.binary(max_size=8))
def test_what_comes_after_a_prefix_is_above_all_that_start_with_it(prefix, rest):
    end = after_prefix(prefix)
    assert end is None or prefix + rest < end
    if end is not None:
        assert not end.startswith(prefix)


@given(st.binary(max_size=20))
def test_a_listing_is_continued_where_its_token_says(position):
    assert continued(encode_place("objects", position), "objects") == position


@pytest.mark.parametrize("token", ["", "é", "x", "////", encode_place("buckets", b"name")])
def test_a_token_of_nobodys_is_refused(token):
    with pytest.raises(InvalidArgument):
        continued(token, "objects")


def test_pages_have_at_most_1000_entries():
    assert check_listing(5000, "max-keys", "") == 1000
    assert check_listing(0, "max-keys", "url") == 0
    for limit, encoding in ((-1, ""), (2**31, ""), (1, "base64")):
        with pytest.raises(InvalidArgument):
            check_listing(limit, "max-keys", encoding)
