"""Session tokens are good for their instance and their time, and nobody else makes one."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from kennel.services.instance_metadata import LONGEST_TTL, SessionTokens

MINE, OTHER = SessionTokens(b"m" * 32), SessionTokens(b"o" * 32)
NOW = 1_800_000_000.0


@given(seconds=st.integers(1, LONGEST_TTL), later=st.floats(0, 2 * LONGEST_TTL))
def test_a_token_is_good_until_its_time_is_up(seconds: int, later: float) -> None:
    assert MINE.is_good(MINE.issue(seconds, NOW), NOW + later) is (NOW + later < NOW + seconds)


def test_a_token_is_good_for_one_instance_and_after_a_restart() -> None:
    token = MINE.issue(60, NOW)
    assert SessionTokens(b"m" * 32).is_good(token, NOW)
    assert not OTHER.is_good(token, NOW)


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_what_was_not_issued_is_no_token(text: str) -> None:
    assert not MINE.is_good(text, NOW)


@given(st.integers(0, 8 * 40 - 1))
def test_a_token_with_a_bit_flipped_is_none(bit: int) -> None:
    data = bytearray(base64.urlsafe_b64decode(MINE.issue(60, NOW)))
    data[bit // 8] ^= 1 << bit % 8
    assert not MINE.is_good(base64.urlsafe_b64encode(bytes(data)).decode(), NOW)
