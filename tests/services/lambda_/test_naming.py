from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.identity import Principal
from kennel.services import Context
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceNotFoundException,
)
from kennel.services.lambda_.naming import FunctionName, function_arn, parse_name

CONTEXT = Context(
    dispatcher=cast(Any, None),
    principal=Principal.root("000000000000"),
    region="us-east-1",
    account_id="000000000000",
    request_id="r",
    source={},
)
NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True).filter(lambda n: n != "function")
QUALIFIERS = st.from_regex(r"[a-zA-Z0-9_-]{1,128}", fullmatch=True) | st.just("$LATEST")


@given(name=NAMES, qualifier=st.just("") | QUALIFIERS)
def test_every_way_to_name_a_function_means_the_same(name: str, qualifier: str) -> None:
    suffix = f":{qualifier}" if qualifier else ""
    arn = function_arn(CONTEXT, name, qualifier)
    for text in (arn, f"000000000000:function:{name}{suffix}", f"function:{name}{suffix}"):
        assert parse_name(CONTEXT, text) == FunctionName(name, qualifier)
    assert parse_name(CONTEXT, name, qualifier) == FunctionName(name, qualifier)
    assert parse_name(CONTEXT, arn, qualifier) == FunctionName(name, qualifier)


def test_two_qualifiers_that_differ_are_refused() -> None:
    with pytest.raises(InvalidParameterValueException, match="derived qualifier"):
        parse_name(CONTEXT, "dogs:1", "2")


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:lambda:us-west-2:000000000000:function:dogs",
        "arn:aws:lambda:us-east-1:123456789012:function:dogs",
        "123456789012:function:dogs",
    ],
)
def test_another_regions_or_accounts_function_is_not_found(text: str) -> None:
    with pytest.raises(ResourceNotFoundException):
        parse_name(CONTEXT, text)


@pytest.mark.parametrize("text", ["", "a b", "x" * 65, "arn:aws:s3:::dogs", "a:b:c:d"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterValueException):
        parse_name(CONTEXT, text)
