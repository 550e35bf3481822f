"""Values of conditions that are more than text: numbers, dates, booleans, bytes, addresses.

Each function reads the value of a policy and gives a test for the value of a request. What can't
be read fits nothing.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

__all__ = [
    "address_test",
    "binary_test",
    "bool_test",
    "date_test",
    "is_address",
    "is_bool",
    "is_bytes",
    "is_number",
    "number_test",
    "read_date",
]

Test = Callable[[str], bool]

_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _never(value: str) -> bool:
    return False


_NUMBER = re.compile(r"[+-]?[0-9]{1,64}(\.[0-9]{1,64})?", re.ASCII)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text.strip()) else None


def is_number(text: str) -> bool:
    """Whether it is a number, integer or decimal."""
    return _number(text) is not None


def number_test(comparison: str, wanted: str) -> Test:
    """Whether a number, integer or decimal, compares so with the policy's."""
    return _compared(comparison, wanted, _number)


# W3C's note on ISO 8601: a year, a month, a day, or a time with its zone.
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?",
    re.ASCII,
)


@lru_cache(maxsize=1024)
def read_date(text: str) -> Decimal | None:
    """Seconds since 1970 of a date in a W3C form of ISO 8601 (UTC where it names no zone) or of an
    epoch time; None if it is neither. Four digits are a year."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return _number(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year), int(month or 1), int(day or 1),
            int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None
    seconds = Decimal(int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()))
    if zone and zone != "Z":
        ahead = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        seconds -= ahead if zone[0] == "+" else -ahead
    return seconds + Decimal(fraction or 0)


def date_test(comparison: str, wanted: str) -> Test:
    """Whether a moment compares so with the policy's."""
    return _compared(comparison, wanted, read_date)


def _compared(comparison: str, wanted: str, read: Callable[[str], Decimal | None]) -> Test:
    bound = read(wanted)
    compare = _COMPARISONS[comparison]
    if bound is None:
        return _never

    def test(value: str) -> bool:
        found = read(value)
        return found is not None and compare(found, bound)

    return test


def is_bool(text: str) -> bool:
    """Whether it is a truth value."""
    return text.lower() in ("true", "false")


def bool_test(wanted: str) -> Test:
    """Whether a truth value is the policy's."""
    truth = wanted.lower()
    if not is_bool(truth):
        return _never
    return lambda value: value.lower() == truth


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def is_bytes(text: str) -> bool:
    """Whether it is in base 64."""
    return _bytes(text) is not None


def binary_test(wanted: str) -> Test:
    """Whether bytes are the policy's; both in base 64."""
    content = _bytes(wanted)
    return _never if content is None else (lambda value: _bytes(value) == content)


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=1024)
def _address(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def is_address(text: str) -> bool:
    """Whether it is an address or a network."""
    return _network(text) is not None


def address_test(wanted: str) -> Test:
    """Whether an address is in the policy's network (CIDR; an address alone is itself)."""
    network = _network(wanted)
    if network is None:
        return _never

    def test(value: str) -> bool:
        found = _address(value)
        return found is not None and found in network

    return test
