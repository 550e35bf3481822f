"""Columns that line up, on a terminal and in a pipe alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

__all__ = ["print_pairs", "print_table"]

_GAP = "  "


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints headings and rows; nothing is cut or wrapped, so that `grep` and `awk` see it all."""
    lines = [list(headings), *([_plain(cell) for cell in row] for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ]
        print(_GAP.join(cells).rstrip())


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Prints names and values in two columns."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        print(f"{name:<{width}}{_GAP}{_plain(value)}")


def _plain(text: str) -> str:
    """One line, without what would move a terminal's cursor."""
    return "".join(c if c.isprintable() else " " for c in text) or "-"


def _width(text: str) -> int:
    """Columns that a terminal gives the text: wide East Asian characters take two, marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
