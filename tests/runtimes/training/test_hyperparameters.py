from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from kennel.runtimes.training.hyperparameters import (
    decode,
    is_framework_parameter,
    is_platform,
    to_arguments,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), JSON))
def test_what_the_sdk_quotes_comes_back_as_it_was(values):
    assert decode({name: json.dumps(value) for name, value in values.items()}) == values


def test_a_plain_string_stays_itself_and_what_reads_as_json_is_json():
    raw = {"a": "resnet50", "b": "32", "c": '"32"', "d": "True", "e": "true", "f": 7, "g": "s3://b"}
    assert decode(raw) == {
        "a": "resnet50",
        "b": 32,
        "c": "32",
        "d": "True",
        "e": True,
        "f": 7,
        "g": "s3://b",
    }


def test_arguments_are_sorted_and_written_as_the_toolkit_writes_them():
    values = {
        "model_dir": "/opt/ml/model",
        "batch-size": 25,
        "e": 1e-05,
        "flag": True,
        "none": None,
        "layers": [64, "x"],
        "nested": {"b": 2, "a": {"c": 1}},
        "spaces": "a b; $(c)",
    }
    assert to_arguments(values) == [
        *("--batch-size", "25"),
        *("-e", "1e-05"),
        *("--flag", "True"),
        *("--layers", "[64, 'x']"),
        *("--model_dir", "/opt/ml/model"),
        *("--nested", "a={'c': 1},b=2"),
        *("--none", ""),
        *("--spaces", "a b; $(c)"),
    ]


def test_the_platforms_hyperparameters_are_told_from_the_users():
    assert is_platform("sagemaker_program")
    assert is_platform("_tuning_objective_metric")
    assert is_platform("sagemaker_torch_distributed_enabled")
    assert not is_platform("learning_rate")
    assert is_framework_parameter("sagemaker_torch_distributed_enabled")
    assert not is_framework_parameter("sagemaker_region")
