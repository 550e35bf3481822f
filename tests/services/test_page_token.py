"""A token leads back to its place, and nothing else does."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.page_token import decode_place, encode_place

places = st.tuples(st.text(max_size=20), st.binary(max_size=20), st.integers(0, 2**63), st.floats())


@given(places)
def test_a_place_comes_back(place):
    found = decode_place(encode_place("list", *place), "list", str, bytes, int, float)
    assert repr(found) == repr(place)


@given(st.text(max_size=40))
def test_what_is_no_token_leads_nowhere(text):
    assert decode_place(text, "list", str) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        encode_place("other", "a"),
        encode_place("list"),
        encode_place("list", 1),
        encode_place("list", "a", "b"),
        encode_place("list", "a") + "A",
        base64.urlsafe_b64encode(msgspec.msgpack.encode("list")).decode(),
    ],
)
def test_a_token_of_another_list_or_shape_leads_nowhere(token):
    assert decode_place(token, "list", str) is None
