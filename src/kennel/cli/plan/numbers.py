"""Numbers of options."""

from __future__ import annotations

from kennel.cli.errors import UsageError

__all__ = ["whole_number"]


def whole_number(text: str, option: str) -> int:
    """Raises UsageError."""
    if not text.isdecimal():
        raise UsageError(f"{option} is a whole number, not {text!r}.")
    return int(text)
