"""Pages walk over everything once, in order, whatever happens in between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.errors import ValidationException
from kennel.services.page_token import encode_place
from kennel.services.sagemaker.listing import Page, page_of


@dataclass
class Thing:
    name: str
    creation_time: float


things = st.lists(
    st.builds(Thing, st.text("abcXYZ", min_size=1, max_size=4), st.floats(0, 100)),
    unique_by=lambda thing: thing.name,
    max_size=30,
)


def walk(documents: list[Thing], **options: object) -> list[Thing]:
    found, token = [], ""
    while True:
        page, more = page_of(documents, Page(next_token=token, **options))  # type: ignore[arg-type]
        found += page
        if not more:
            return found
        token = more["NextToken"]


@given(things, st.integers(1, 7), st.sampled_from(["Name", "CreationTime"]), st.booleans())
def test_every_document_is_on_one_page_in_order(
    documents: list[Thing], size: int, sort_by: str, descending: bool
) -> None:
    def place(thing: Thing) -> tuple[object, str]:
        return (thing.name if sort_by == "Name" else thing.creation_time), thing.name

    expected = sorted(documents, key=place, reverse=descending)
    assert walk(documents, size=size, sort_by=sort_by, descending=descending) == expected


def test_what_is_deleted_between_two_pages_moves_nothing() -> None:
    documents = [Thing(name, 0.0) for name in "abcdef"]
    options = {"size": 2, "sort_by": "Name", "descending": False}
    first, more = page_of(documents, Page(**options))  # type: ignore[arg-type]
    del documents[0:2]
    second, _ = page_of(documents, Page(next_token=more["NextToken"], **options))  # type: ignore[arg-type]
    assert [thing.name for thing in first + second] == ["a", "b", "c", "d"]


def test_filters_are_by_name_and_time() -> None:
    documents = [Thing("one", 10.0), Thing("two", 20.0), Thing("twofold", 30.0)]
    after = datetime.fromtimestamp(15, UTC)
    before = datetime.fromtimestamp(25, UTC)
    found = walk(documents, name_contains="TWO", created_after=after, created_before=before)
    assert [thing.name for thing in found] == ["two"]


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "bm90IGpzb24=",
        encode_place("CreationTime"),
        encode_place("Name", "a", "a"),  # of the same list in another order
        encode_place("CreationTime", "a", "a"),
    ],
)
def test_a_token_that_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(ValidationException):
        page_of([Thing("a", 0.0)], Page(next_token=token))
