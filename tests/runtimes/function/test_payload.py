from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.runtimes.function.fault import Fault
from kennel.runtimes.function.payload import decode_event, encode_result

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@given(value=JSON)
def test_json_comes_through_unchanged(value: object) -> None:
    text = json.dumps(value).encode()
    result, kind = encode_result(decode_event(text))
    assert kind == "application/json"
    assert json.loads(result) == json.loads(text)


def test_bytes_pass_as_they_are() -> None:
    assert encode_result(b"\0dog") == (b"\0dog", "application/unknown")


def test_decimals_are_numbers() -> None:
    assert encode_result([Decimal("1.5"), Decimal(3)])[0] == b"[1.5, 3]"


def test_what_is_no_json_is_awss_fault() -> None:
    with pytest.raises(Fault) as caught:
        encode_result({1, 2})
    assert caught.value.kind == "Runtime.MarshalError"
    assert caught.value.message == (
        "Unable to marshal response: Object of type set is not JSON serializable"
    )
    with pytest.raises(Fault) as caught:
        decode_event(b"{")
    assert caught.value.kind == "Runtime.UnmarshalError"
