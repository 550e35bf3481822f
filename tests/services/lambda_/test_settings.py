from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.lambda_.errors import InvalidParameterValueException
from kennel.services.lambda_.settings import (
    RESERVED_VARIABLES,
    apply_settings,
    refuse_unsupported,
)
from tests.services.lambda_.test_document import version


@given(value=st.integers(-10, 20_000))
def test_timeouts_and_memory_are_held_to_awss_bounds(value: int) -> None:
    for name, field, low, high in (
        ("Timeout", "timeout", 1, 900),
        ("MemorySize", "memory", 128, 10_240),
    ):
        made = version()
        if low <= value <= high:
            apply_settings(made, {name: value})
            assert getattr(made, field) == value
        else:
            with pytest.raises(ValidationException, match="failed to satisfy constraint"):
                apply_settings(made, {name: value})


def test_what_is_not_given_stays_as_it_was() -> None:
    made = version(timeout=7, memory=256, description="a dog")
    apply_settings(made, dict.fromkeys(("Timeout", "MemorySize", "Description", "VpcConfig")))
    assert (made.timeout, made.memory, made.description) == (7, 256, "a dog")


@pytest.mark.parametrize("name", sorted(RESERVED_VARIABLES))
def test_the_platforms_own_variables_are_reserved(name: str) -> None:
    with pytest.raises(InvalidParameterValueException, match=f"in this request: {name}"):
        apply_settings(version(), {"Environment": {"Variables": {name: "x"}}})


@given(size=st.integers(4_000, 4_200))
def test_variables_take_4_kb_in_all(size: int) -> None:
    made = version()
    environment = {"Environment": {"Variables": {"AB": "x" * size}}}
    if size + len('{"AB":""}') <= 4096:
        apply_settings(made, environment)
        assert made.environment == {"AB": "x" * size}
    else:
        with pytest.raises(InvalidParameterValueException, match="exceeded the 4KB limit"):
            apply_settings(made, environment)


@pytest.mark.parametrize("name", ["python3.9", "python3.10", "python3.11", "python3.13"])
def test_every_current_python_is_taken(name: str) -> None:
    made = version()
    apply_settings(made, {"Runtime": name})
    assert made.runtime == name


@pytest.mark.parametrize("name", ["python2.7", "python3.8", "nodejs22.x", "provided.al2023"])
def test_other_runtimes_are_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidParameterValueException, match=name):
        apply_settings(version(), {"Runtime": name})


@pytest.mark.parametrize(
    "given_parameters",
    [
        {"Layers": ["arn"]},
        {"FileSystemConfigs": [{}]},
        {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}},
        {"SnapStart": {"ApplyOn": "PublishedVersions"}},
        {"PublishTo": "LATEST_PUBLISHED"},
    ],
)
def test_what_kennel_can_not_honour_is_refused(given_parameters: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedByKennel):
        refuse_unsupported(given_parameters)


def test_empty_parameters_ask_for_nothing() -> None:
    refuse_unsupported({"Layers": [], "DeadLetterConfig": {}, "SnapStart": {"ApplyOn": "None"}})
