"""Key ids look like AWS's and carry their account."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.identity.key_ids import account_of_key_id, new_access_key_id, new_secret


@given(st.from_regex(r"\A[0-9]{12}\Z"), st.sampled_from(["AKIA", "ASIA"]))
def test_a_key_id_gives_its_account_back(account: str, prefix: str) -> None:
    access_key_id = new_access_key_id(prefix, account)
    assert re.fullmatch(rf"{prefix}[A-Z2-7]{{16}}", access_key_id)
    assert account_of_key_id(access_key_id) == account


def test_a_published_key_id_gives_its_account() -> None:
    # The worked example of "A short note on AWS KEY ID" (T. Be'ery, 2023).
    assert account_of_key_id("ASIAQNZGKIQY56JQ7WML") == "029608264753"


@pytest.mark.parametrize("text", ["", "AKIA", "AROAQNZGKIQY56JQ7WML", "AKIA0000000000000000"])
def test_other_text_has_no_account(text: str) -> None:
    assert account_of_key_id(text) is None


def test_secrets_have_forty_characters_and_differ() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(secret) for secret in made} == {40}
