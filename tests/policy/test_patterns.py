"""Patterns: wildcards, components of ARNs, variables."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kennel.policy.patterns import arn_test, possible_test, read_template, text_test


def _text(pattern: str, value: str) -> bool:
    return text_test(read_template(pattern, False).resolve({}) or ())(value)


def _arn(pattern: str, value: str, *, across: bool = True) -> bool:
    return arn_test(read_template(pattern, False).resolve({}) or (), across=across)(value)


def _naive(pattern: str, value: str, within: str = "") -> bool:
    """The obvious matcher: every split of the value is tried. `within` are the places of wildcards
    that stop at colons, as a mask over the pattern."""

    @cache
    def fits(i: int, j: int) -> bool:
        if i == len(pattern):
            return j == len(value)
        stops = within[i : i + 1] == "x"
        free = j < len(value) and not (stops and value[j] == ":")
        if pattern[i] == "*":
            return fits(i + 1, j) or (free and fits(i, j + 1))
        if pattern[i] == "?":
            return free and fits(i + 1, j + 1)
        return j < len(value) and pattern[i] == value[j] and fits(i + 1, j + 1)

    return fits(0, 0)


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_a_wildcard_fits_as_the_obvious_matcher_says(pattern: str, value: str) -> None:
    assert _text(pattern, value) is _naive(pattern, value)


@given(
    st.lists(st.text("ab*?", max_size=4), min_size=6, max_size=8).map(":".join),
    st.lists(st.text("ab", max_size=3), min_size=1, max_size=9).map(":".join),
    st.booleans(),
)
def test_components_fit_as_the_obvious_matcher_says(pattern: str, value: str, across: bool) -> None:
    mask, colons = "", 0
    for place, character in enumerate(pattern):
        ends = character == "*" and pattern[place + 1 : place + 2] in ("", ":")
        mask += " " if colons >= 5 or (across and ends) else "x"
        colons += character == ":"
    assert _arn(pattern, value, across=across) is _naive(pattern, value, mask)


def test_a_pattern_of_many_wildcards_is_no_trap() -> None:
    assert not _text("*a" * 40 + "b", "a" * 20_000)
    assert not _arn("arn:aws:s3:*:*:" + "*a?" * 40 + "b", "arn:aws:s3:::" + "a" * 20_000)
    assert not _arn("a*a*a*a*:*:a*a*b:*:*:" + "*a" * 20 + "b", ("a" * 200 + ":") * 20)


BUCKET = "arn:aws:s3:::bucket"


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("*", "*", True),
        ("*", BUCKET, True),
        (BUCKET, BUCKET, True),
        (BUCKET, BUCKET.upper(), False),
        ("arn:aws:s3:::*", "*", False),
        ("arn:aws:s3:::bucket/*", BUCKET, False),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1///test///object.jpg", True),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1-test/object.jpg", False),
        ("arn:aws:s3:::bucke?", BUCKET, True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a:b", True),
        ("arn:aws:s3:*:*:bucket", BUCKET, True),
        ("arn:aws:logs:*:*:*", "arn:aws:logs:us-east-1:1:log-group:g:log-stream:s", True),
        ("arn:aws:logs:us-*-1:1:g", "arn:aws:logs:us-east-1:1:g", True),
        ("arn:aws:logs:u*1:1:g", "arn:aws:logs:us-east-1:9:x1:1:g", False),  # not over colons
        ("arn:aws:x:*:1:f/*", "arn:aws:x:us-east-2:9:s/a:1:f/d", True),  # ends its component
        ("arn:aws:s3", BUCKET, True),  # what is missing is `*`
        ("arn:aws:sqs", BUCKET, False),
    ],
)
def test_resources_fit_by_component(pattern: str, value: str, fits: bool) -> None:
    assert _arn(pattern, value) is fits


def test_a_condition_on_arns_never_reaches_over_colons() -> None:
    value = "arn:aws:x:us-east-2:9:s/a:1:f/d"
    assert _text("arn:aws:x:*:1:f/*", value)
    assert not _arn("arn:aws:x:*:1:f/*", value, across=False)


CONTEXT = {"aws:username": ("a*b",), "aws:principaltag/team": ("red",), "aws:tagkeys": ("a", "b")}


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("${aws:username}", "a*b", True),
        ("${aws:username}", "axb", False),  # what is filled in is literal
        ("${AWS:UserName}/*", "a*b/x", True),
        ("x-${aws:PrincipalTag/team}", "x-red", True),
        ("${aws:PrincipalTag/color}", "", False),
        ("${aws:PrincipalTag/color, 'blue'}", "blue", True),
        ("${aws:PrincipalTag/team, 'blue'}", "red", True),
        ("${aws:PrincipalTag/color, ''}x", "x", True),
        ("${aws:TagKeys}", "a", False),  # several values are none
        ("${*}?${?}${$}{a}", "*x?${a}", True),
        ("${*}", "x", False),
        ("${", "${", True),
    ],
)
def test_variables_are_filled_in_from_the_request(pattern: str, value: str, fits: bool) -> None:
    parts = read_template(pattern, True).resolve(CONTEXT)
    assert (parts is not None and text_test(parts)(value)) is fits


@given(
    st.lists(st.sampled_from(["a", "b", ":", "*", "?", "${v}", "${w, 'a'}", "::::"]), max_size=9),
    st.text("ab:", max_size=9),
    st.sampled_from(["", "a", "b:a", ":::"]),
)
@example(["a", "${v}"], "ab:a:", "b:a")
def test_what_fits_with_some_value_is_possible(pieces: list[str], value: str, filled: str) -> None:
    template = read_template("".join(pieces), True)
    parts = template.resolve({"v": (filled,)})
    assert parts is not None
    if arn_test(parts, across=True)(value):
        assert possible_test(template)(value)


def test_most_resources_are_told_apart_before_any_value_is_known() -> None:
    possible = possible_test(read_template(f"{BUCKET}/${{aws:username}}/*.jpg", True))
    assert possible(f"{BUCKET}/ann/1.jpg")
    assert not possible(f"{BUCKET}/ann/1.png")
    assert not possible("arn:aws:s3:::other/ann/1.jpg")


def test_before_2012_a_variable_is_text() -> None:
    parts = read_template("${aws:username}", False).resolve(CONTEXT)
    assert parts == ("${aws:username}",)
