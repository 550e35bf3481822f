"""Pages of what belongs to a namespace, a resource or a dimension."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kennel.services.application_autoscaling.errors import (
    InvalidNextTokenException,
    ValidationException,
)
from kennel.services.application_autoscaling.records import Policy, ScheduledAction, Target
from kennel.services.page_token import decode_place, encode_place
from kennel.store import Collection

__all__ = ["check_dimension", "page_of", "page_size", "place_of", "those_of"]

D = TypeVar("D", Target, Policy, ScheduledAction)


def check_dimension(dimension: str | None, resources: str | Sequence[str] | None) -> None:
    """Raises ValidationException for a dimension without a resource."""
    if dimension is not None and not resources:
        raise ValidationException(
            "ResourceId must be specified when ScalableDimension is specified"
        )


def those_of(
    kept: Collection[D],
    namespace: str,
    resources: str | Sequence[str] | None,
    dimension: str | None,
) -> list[tuple[str, D]]:
    """The (key, document) pairs of a namespace, of resources and of a dimension if they are given,
    in the keys' order. Raises ValidationException for a dimension without a resource."""
    check_dimension(dimension, resources)
    ids = (resources,) if isinstance(resources, str) else resources
    return [
        (key, document)
        for key, document in kept.list(f"{namespace}:")
        if dimension in (None, document.dimension) and (not ids or document.resource_id in ids)
    ]


def page_size(asked: int | None, most: int) -> int:
    """Raises ValidationException for a size that no page has."""
    if asked is None:
        return most
    if not 1 <= asked <= most:
        raise ValidationException(f"MaxResults must be between 1 and {most}, not {asked}.")
    return asked


def place_of(token: str | None, listing: str, kind: type) -> Any:
    """Where a page begins, None for the first. Raises InvalidNextTokenException."""
    if token is None:
        return None
    place = decode_place(token, listing, kind)
    if place is None:
        raise InvalidNextTokenException("The next token that was supplied is invalid.")
    return place[0]


def page_of(
    found: Sequence[tuple[str, D]],
    listing: str,
    token: str | None,
    size: int,
    shown: Callable[[D], dict[str, Any]],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The page of (key, document) pairs, which are in the keys' order, and what the reply says of
    the next one."""
    after = place_of(token, listing, str)
    left = [pair for pair in found if after is None or pair[0] > after]
    page = left[:size]
    more = {"NextToken": encode_place(listing, page[-1][0])} if len(left) > size else {}
    return [shown(document) for _, document in page], more
