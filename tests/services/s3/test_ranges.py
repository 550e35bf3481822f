from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.s3.errors import InvalidArgument, InvalidRange
from kennel.services.s3.ranges import Span, copy_range, requested_range


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=0-9", Span(0, 10)),
        ("bytes=3-", Span(3, 10)),
        ("bytes=3-99", Span(3, 10)),
        ("bytes=-4", Span(6, 10)),
        ("bytes=-40", Span(0, 10)),
    ],
)
def test_a_range_names_bytes_of_the_object(header, span):
    assert requested_range(header, 10) == span


@pytest.mark.parametrize(
    "header", ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "items=0-1", "x"]
)
def test_what_s3_does_not_read_as_a_range_asks_for_the_whole_object(header):
    assert requested_range(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_outside_of_the_object_is_an_error_with_its_size(header):
    with pytest.raises(InvalidRange) as caught:
        requested_range(header, 10)
    assert caught.value.members["ActualObjectSize"] == 10
    assert caught.value.status == 416


def test_an_empty_object_has_no_range():
    with pytest.raises(InvalidRange):
        requested_range("bytes=0-", 0)


@given(st.binary(max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_the_slice_that_python_would_take(data, first, last):
    if first >= len(data) or last < first:
        return
    span = requested_range(f"bytes={first}-{last}", len(data))
    assert span is not None
    assert data[span.start : span.end] == data[first : last + 1]
    assert span.length == len(data[first : last + 1])


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-3", "0-3", "bytes=3-2", "bytes=0-10"])
def test_a_copys_range_must_name_both_ends_inside_the_source(header):
    with pytest.raises(InvalidArgument):
        copy_range(header, 10)


def test_a_copys_range_is_inclusive():
    assert copy_range("bytes=0-9", 10) == Span(0, 10)
