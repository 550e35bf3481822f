"""SageMaker's List operations: filter, sort, one page at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from kennel.errors import ValidationException
from kennel.services.page_token import decode_place, encode_place

__all__ = ["LISTING", "MODIFIED", "Listed", "Page", "page_of"]

LISTING = (
    "SortBy",
    "SortOrder",
    "NextToken",
    "MaxResults",
    "NameContains",
    "CreationTimeBefore",
    "CreationTimeAfter",
)
"""The parameters of every List operation, for `takes`."""
MODIFIED = ("LastModifiedTimeBefore", "LastModifiedTimeAfter")
"""Those of the lists that can be asked for what has changed."""


class Listed(Protocol):
    """What can be listed: it has a name and a creation time (seconds since the epoch)."""

    name: str
    creation_time: float


L = TypeVar("L", bound=Listed)


@dataclass(frozen=True, slots=True)
class Page:
    """The filters, the order and the size that a List operation was asked for."""

    sort_by: str = "CreationTime"
    descending: bool = True
    next_token: str = ""
    size: int = 10
    name_contains: str = ""
    created_before: datetime | None = None
    created_after: datetime | None = None
    modified_before: datetime | None = None
    modified_after: datetime | None = None
    status: str = ""

    @classmethod
    def asked(
        cls, asked: Mapping[str, Any], sort_by: str = "CreationTime", *, descending: bool = True
    ) -> Page:
        """What a request's parameters ask for; the rest says how the operation sorts unasked."""
        order = asked.get("SortOrder")
        return cls(
            sort_by=asked.get("SortBy") or sort_by,
            descending=order == "Descending" if order else descending,
            next_token=asked.get("NextToken") or "",
            size=asked.get("MaxResults") or 10,
            name_contains=asked.get("NameContains") or "",
            created_before=asked.get("CreationTimeBefore"),
            created_after=asked.get("CreationTimeAfter"),
            modified_before=asked.get("LastModifiedTimeBefore"),
            modified_after=asked.get("LastModifiedTimeAfter"),
            status=asked.get("StatusEquals") or "",
        )


def page_of(
    documents: Sequence[L],
    page: Page,
    *,
    modified: Callable[[L], float] | None = None,
    status: Callable[[L], str] | None = None,
    keep: Callable[[L], bool] | None = None,
    orders: Mapping[str, Callable[[L], Any]] | None = None,
) -> tuple[list[L], dict[str, str]]:
    """The documents of one page, and `{"NextToken": …}` if there are more.

    `modified` and `status` give a document's, for lists that filter and sort by them; `keep` is a
    further filter, `orders` further values of SortBy. The token holds the last
    document's place, so that what is created or deleted between two pages shifts nothing. Raises
    ValidationException for a token that is not one of ours.
    """
    by_name: Callable[[L], Any] = lambda document: document.name  # noqa: E731
    by_time: Callable[[L], Any] = lambda document: document.creation_time  # noqa: E731
    keys = {"Name": by_name, "CreationTime": by_time, **(orders or {})}
    keys |= {"Status": lambda document: str(status(document))} if status else {}
    keys |= {"LastModifiedTime": modified} if modified else {}
    key = keys.get(page.sort_by, by_time)

    def place(document: L) -> tuple[Any, str]:
        return key(document), document.name

    found = [
        document
        for document in documents
        if _passes(document, page)
        and (modified is None or _changed_within(modified(document), page))
        and (status is None or page.status in ("", status(document)))
        and (keep is None or keep(document))
    ]
    found.sort(key=place, reverse=page.descending)
    if page.next_token:
        last = _place_in(page)
        try:
            found = [d for d in found if (place(d) < last if page.descending else place(d) > last)]
        except TypeError as error:
            raise _not_ours() from error
    shown = found[: page.size]
    if len(found) <= page.size:
        return shown, {}
    return shown, {"NextToken": encode_place(page.sort_by, *place(shown[-1]))}


def _passes(document: Listed, page: Page) -> bool:
    created = document.creation_time
    if page.name_contains.lower() not in document.name.lower():
        return False
    if page.created_before is not None and created >= page.created_before.timestamp():
        return False
    return page.created_after is None or created > page.created_after.timestamp()


def _changed_within(modified: float, page: Page) -> bool:
    before, after = page.modified_before, page.modified_after
    if before is not None and modified >= before.timestamp():
        return False
    return after is None or modified > after.timestamp()


def _place_in(page: Page) -> tuple[Any, str]:
    for kind in (float, str):
        place = decode_place(page.next_token, page.sort_by, kind, str)
        if place is not None:
            return place[0], place[1]
    raise _not_ours()


def _not_ours() -> ValidationException:
    return ValidationException("The NextToken is not one that this operation gave.")
