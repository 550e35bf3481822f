"""Whatever parameters say, asking what they need never fails: that is the operation's to refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kennel.gateway.plane import Plane
from kennel.services import Access, Context
from kennel.services.lambda_ import function_arn, parse_name
from tests.services.accesses.conftest import ACCOUNT
from tests.services.accesses.test_reference import SERVICES, samples

ODD = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["arn:", "arn:aws:", "arn:aws:lambda:::", ":", "::function:", "/", "?versionId="]
    ),
    st.text(alphabet=":/?=%*arn", max_size=20),
)
NAMES = st.text(alphabet="abcXYZ09-_", min_size=1, max_size=10).filter(
    lambda name: name != "function"
)


def spoiled(value: Any, text: str) -> Any:
    """The same structure with another text for every text."""
    if isinstance(value, str):
        return text
    if isinstance(value, dict):
        return {key: spoiled(one, text) for key, one in value.items()}
    return [spoiled(one, text) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("service", SERVICES)
def test_odd_texts_are_let_through_to_the_operation(
    service: str, local_plane: Plane, accesses: Callable[..., list[Access]]
):
    known = samples(local_plane, service)

    @settings(max_examples=15)
    @given(ODD)
    def ask(text: str) -> None:
        for operation, parameters in known.items():
            for sample in parameters:
                for access in accesses(service, operation, **spoiled(sample, text)):
                    assert access.resource == "*" or access.resource.startswith("arn:")

    ask()


@given(NAMES, st.sampled_from(["", "7", "$LATEST", "live"]), st.booleans(), st.integers(0, 3))
def test_a_function_is_the_same_to_policies_and_to_the_operation(
    accesses: Callable[..., list[Access]],
    root: Context,
    name: str,
    qualifier: str,
    inside: bool,
    form: int,
):
    prefixes = ("", f"{ACCOUNT}:function:", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:")
    given_name = (*prefixes, "function:")[form] + name
    parameters = {"FunctionName": given_name, "Qualifier": qualifier}
    if inside and qualifier:
        parameters = {"FunctionName": f"{given_name}:{qualifier}", "Qualifier": ""}
    meant = parse_name(root, text=parameters["FunctionName"], qualifier=parameters["Qualifier"])
    (access,) = accesses("lambda", "Invoke", **parameters)
    assert access.resource == function_arn(root, meant.name, meant.qualifier)
