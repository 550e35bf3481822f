"""The markers of Lambda's lists."""

from __future__ import annotations

from kennel.services.lambda_.errors import InvalidParameterValueException
from kennel.services.page_token import decode_place

__all__ = ["marked"]


def marked(marker: str, listing: str) -> str:
    """Where a list goes on. Raises InvalidParameterValueException for a marker of no page's."""
    place = decode_place(marker, listing, str)
    if place is None:
        raise InvalidParameterValueException(f"Invalid Marker: {marker}")
    return str(place[0])
