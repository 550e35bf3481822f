"""Columns that line up, on a terminal and in a pipe alike."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence

__all__ = ["print_pairs", "print_table"]

_GAP = "  "
_MORE = "..."
_MOST = 120  # columns that cells are padded to
_LEAST = 20  # columns that a cut cell keeps; a line may then be wider than the terminal


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], cut: str | None = None
) -> None:
    """Prints headings and rows; a cell that is longer than `_MOST` sticks out alone. On a terminal
    the column `cut` gives way to keep lines to its width. Elsewhere nothing is cut or wrapped, so
    that `grep` and `awk` see it all."""
    lines = [list(headings), *([_plain(cell) for cell in row] for row in rows)]
    widths = _widths(lines)
    if cut is not None and sys.stdout.isatty():
        column = headings.index(cut)
        over = sum(widths) + len(_GAP) * (len(widths) - 1) - shutil.get_terminal_size().columns
        room = max(widths[column] - max(over, 0), _LEAST)
        for line in lines:
            line[column] = _cut(line[column], room)
        widths = _widths(lines)
    for line in lines:
        cells = [
            cell + " " * (min(width, _MOST) - _width(cell))
            for cell, width in zip(line, widths, strict=True)
        ]
        print(_GAP.join(cells).rstrip())


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Prints names and values in two columns."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        print(f"{name:<{width}}{_GAP}{_plain(value)}")


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(_width(cell) for cell in column) for column in zip(*lines, strict=True)]


def _cut(text: str, room: int) -> str:
    """The beginning of the text that takes at most `room` columns, its loss marked."""
    if _width(text) <= room:
        return text
    while _width(text) > room - len(_MORE):
        text = text[:-1]
    return text.rstrip() + _MORE


def _plain(text: str) -> str:
    """One line, without what would move a terminal's cursor."""
    return "".join(c if c.isprintable() else " " for c in text) or "-"


def _width(text: str) -> int:
    """Columns that a terminal gives the text: wide East Asian characters take two, marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
