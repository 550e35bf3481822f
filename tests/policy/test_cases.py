"""What AWS's documentation says of policies is what `decide` answers, case by case."""

from __future__ import annotations

from collections import Counter

import pytest

from kennel.policy import decide
from tests.policy.case_files import Case, read_cases, read_pages

CASES = read_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_decided_as_aws_does(case: Case) -> None:
    decision = decide(case.request, case.policies)
    assert case.expected.agrees(decision), (
        f"{case.name}\n  source: {case.source}\n  it says: {case.fact}\n"
        f"  expected {case.expected}\n  decided  {decision}"
    )


def test_there_are_at_least_300_cases_each_with_its_fact() -> None:
    assert len(CASES) >= 300
    assert [case.name for case in CASES if not case.fact] == []


def test_every_source_is_a_page_that_was_read_and_no_page_is_listed_for_nothing() -> None:
    pages = read_pages()
    assert {case.source for case in CASES} == pages.keys()
    strange = [
        page for page in pages.values() if not page.startswith("https://docs.aws.amazon.com/")
    ]
    assert strange == []


def test_no_case_is_there_twice() -> None:
    assert [name for name, n in Counter(case.name for case in CASES).items() if n > 1] == []
    twice = {content for content, n in Counter(case.content for case in CASES).items() if n > 1}
    assert [case.name for case in CASES if case.content in twice] == []
