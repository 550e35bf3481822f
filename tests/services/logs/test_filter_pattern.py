from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.errors import NotImplementedByKennel
from kennel.services.logs.errors import InvalidParameterException
from kennel.services.logs.filter_pattern import compile_pattern


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("   ", "anything", True),
        ("ERROR", "[ERROR] A fatal exception", True),
        ("ERROR", "Exiting with ERRORCODE: -1", True),
        ("ERROR", "error", False),
        ("ERROR memory", "ERROR: out of memory", True),
        ("ERROR memory", "ERROR: out of disk", False),
        ('"out of memory"', "ERROR: out of memory", True),
        ('"out of memory"', "memory is out of it", False),
        ('"a \\"quoted\\" word"', 'a "quoted" word', True),
        ("ERROR -retried", "ERROR: gone", True),
        ("ERROR -retried", "ERROR: retried", False),
        ('-"will retry"', "ERROR: will retry", False),
        ("?ERROR ?WARN", "WARN: hot", True),
        ("?ERROR ?WARN", "INFO: fine", False),
        ("?ERROR REQUEST", "INFO REQUEST", True),
        ("größe", "die größe zählt", True),
    ],
)
def test_terms_match_as_aws_documents_them(pattern: str, message: str, expected: bool) -> None:
    assert compile_pattern(pattern)(message) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{ $.level = ERROR }", True),
        ('{ $.level = "ERROR" }', True),
        ('{$.level="ERROR"}', True),
        ('{ $.level != "ERROR" }', False),
        ("{ $.level = ERR* }", True),
        ('{ $.level = "*R*O*" }', True),
        ('{ $.level = "E*X" }', False),
        ("{ $.code = 500 }", True),
        ("{ $.code >= 500 && $.code < 600 }", True),
        ("{ $.code > 500 || $.level = ERROR }", True),
        ("{ ($.code > 500 || $.level = ERROR) && $.user.name = ann }", True),
        ("{ $.code > 500 || $.level = ERROR && $.user.name = bob }", False),
        ("{ $.loss < 1e-1 }", True),
        ("{ $.loss = -0.05 }", False),
        ("{ $.tags[0] = x }", True),
        ("{ $.tags[1] = x }", False),
        ("{ $.tags[*] = y }", True),
        ("{ $.tags[7] NOT EXISTS }", True),
        ("{ $['user']['name'] = ann }", True),
        ("{ $.done IS TRUE }", True),
        ("{ $.done IS FALSE }", False),
        ("{ $.nothing IS NULL }", True),
        ("{ $.absent IS NULL }", False),
        ("{ $.absent NOT EXISTS }", True),
        ("{ $.level NOT EXISTS }", False),
        ("{ $.absent != x }", False),
        ('{ $.code = "500" }', False),
        ("{ $.level = 500 }", False),
    ],
)
def test_json_patterns_match_as_aws_documents_them(pattern: str, expected: bool) -> None:
    message = json.dumps(
        {
            "level": "ERROR",
            "code": 500,
            "loss": 0.05,
            "user": {"name": "ann"},
            "tags": ["x", "y"],
            "done": True,
            "nothing": None,
        }
    )
    assert compile_pattern(pattern)(message) is expected


def test_a_json_pattern_matches_no_message_that_is_not_json() -> None:
    assert not compile_pattern("{ $.a NOT EXISTS }")("plain text")


@pytest.mark.parametrize(
    "pattern",
    [
        *("foo-bar", "?", "-", '""', '"open'),
        *("{", "{ }", "{ $.a }", "{ $.a = }", "{ $.a = 1", "{ a = 1 }", "{ ($.a = 1 }"),
        *("{ $.a = 1 ) }", "{ $.a > x }", "{ $.a = 1 && }", "{ $.a IS MAYBE }"),
    ],
)
def test_a_malformed_pattern_is_an_error(pattern: str) -> None:
    with pytest.raises(InvalidParameterException):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["[ip, user]", "%ERR.*%", "{ $.a = %x% }"])
def test_a_pattern_that_is_not_done_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(NotImplementedByKennel):
        compile_pattern(pattern)


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    with pytest.raises(InvalidParameterException):
        compile_pattern("{" + "(" * 500 + "$.a = 1" + ")" * 500 + "}")


@given(st.text(max_size=60))
def test_any_text_is_a_pattern_or_an_error_of_its_own(text: str) -> None:
    try:
        matches = compile_pattern(text)
    except (InvalidParameterException, NotImplementedByKennel):
        return
    assert matches("a message") in (True, False)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_quoted_phrase_matches_what_contains_it(phrase: str, rest: str) -> None:
    if not phrase:
        return
    quoted = '"' + phrase.replace("\\", "\\\\").replace('"', '\\"') + '"'
    matches = compile_pattern(quoted)
    assert matches(rest + phrase + rest)
    assert matches(rest) == (phrase in rest)


@given(
    st.lists(st.sampled_from(["a", "b", "ab", "", "\\"]), min_size=1, max_size=5),
    st.text("ab\\", max_size=8),
)
def test_a_star_stands_for_any_run_of_characters(parts: list[str], text: str) -> None:
    quoted = '"' + "*".join(part.replace("\\", "\\\\") for part in parts) + '"'
    expected = re.fullmatch(".*".join(map(re.escape, parts)), text, re.DOTALL) is not None
    assert compile_pattern(f"{{ $.x = {quoted} }}")(json.dumps({"x": text})) is expected
