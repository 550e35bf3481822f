"""Parameters of notebooks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.runtimes.notebook.parameters import BadParameter, inject, parse


def cell(source: str = "", *tags: str) -> dict[str, object]:
    return {"source": source, "metadata": {"tags": list(tags)} if tags else {}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n=3", 3),
        ("n=0.5", 0.5),
        ("n=True", True),
        ("n=None", None),
        ("n=[1, 'b']", [1, "b"]),
        ("n=dogs", "dogs"),
        ("n='3'", "3"),
        ("n=", ""),
        ("n=a=b", "a=b"),
        ("n=s3://bucket/key", "s3://bucket/key"),
        ("n=__import__('os')", "__import__('os')"),
    ],
)
def test_a_value_is_a_literal_of_pythons_or_else_a_string(text, value):
    assert parse(text) == ("n", value)


@pytest.mark.parametrize("text", ["n", "=1", "3=3", "a b=1", "import=1", "a.b=1", ""])
def test_what_is_no_name_and_value_is_refused(text):
    with pytest.raises(BadParameter):
        parse(text)


@given(st.text())
def test_every_value_comes_through(value):
    name, parsed = parse(f"n={value!r}")
    assert (name, parsed) == ("n", value)


def test_values_go_behind_the_defaults_and_win_over_them():
    cells = [cell("import os"), cell("n = 1", "parameters"), cell("print(n)")]
    inject(cells, cell(), {"n": 2})
    assert [c["source"] for c in cells] == [
        "import os",
        "n = 1",
        "# Parameters\nn = 2",
        "print(n)",
    ]


def test_values_go_first_where_there_are_no_defaults():
    cells = [cell("print(n)")]
    inject(cells, cell(), {"n": "it's"})
    assert cells[0]["source"] == '# Parameters\nn = "it\'s"'


def test_values_of_an_earlier_run_are_replaced():
    cells = [cell("n = 1", "parameters"), cell("n = 2", "injected-parameters"), cell("print(n)")]
    inject(cells, cell(), {"n": 3})
    assert [c["source"] for c in cells] == ["n = 1", "# Parameters\nn = 3", "print(n)"]
