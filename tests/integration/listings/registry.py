"""The registry of lists: what a list with items in it is, and which recipe makes each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.integration.stage import Stage

__all__ = ["FIVE", "LISTINGS", "Listing", "listing"]

FIVE = range(5)
"""The items of most lists."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as it should come out."""

    items: Mapping[str, Sequence[Any]]
    """What a JMESPath over a page tells of its items, and all of it in the list's order. The
    paginator's own first result comes first."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of the operation."""
    page_size: int = 2
    few: bool = False
    """Whether AWS's own limits keep it below three pages."""
    bad_token: Mapping[str, Any] | None = field(default_factory=dict)
    """Parameters with a place that no page gave; empty for the paginator's own token with
    nonsense in it, None where every value of the type is a place."""


Recipe = Callable[[Stage], Listing]
LISTINGS: dict[tuple[str, str], Recipe] = {}


def listing(service: str, operation: str) -> Callable[[Recipe], Recipe]:
    def register(recipe: Recipe) -> Recipe:
        LISTINGS[service, operation] = recipe
        return recipe

    return register
