"""The lines in a piece of a log file, without any memory of the piece before.

A line ends with a newline. Whatever is not UTF-8 becomes U+FFFD. A line longer than an event may
be becomes several. Blank lines are left out, since an event may not be empty. A carriage return
means that what follows overwrites what was there, so of a progress bar the last state is the
line; a bar that runs for long, without any newline, shows where it is when `progress` asks.
"""

from __future__ import annotations

from typing import NamedTuple

from kennel.services.logs.batch import MAX_BYTES, MAX_EVENTS
from kennel.services.logs.events import OVERHEAD

__all__ = ["LINE_BYTES", "Piece", "split_lines"]

LINE_BYTES = 256 * 1024 - OVERHEAD
"""The longest event, in bytes of UTF-8."""


class Piece(NamedTuple):
    """Lines as (offset of the first byte in the piece, text), and the bytes that they cover.

    What is not covered is the beginning of a line that goes on.
    """

    lines: list[tuple[int, str]]
    covered: int


def split_lines(data: bytes, *, last: bool = False, progress: bool = False) -> Piece:
    """The lines of `data`, as many as one PutLogEvents takes.

    `last`: nothing follows, so what has no newline is a line too. `progress`: of an unfinished
    line, the state that was last overwritten is one.
    """
    lines: list[tuple[int, str]] = []
    start = size = 0
    while start < len(data) and len(lines) < MAX_EVENTS:
        end, after = _next_line(data, start, last, progress)
        if after == start:
            break
        offset, text = _shown(data, start, end)
        if text:
            size += len(text.encode()) + OVERHEAD
            if size > MAX_BYTES:
                break
            lines.append((offset, text))
        start = after
    return Piece(lines, start)


def _next_line(data: bytes, start: int, last: bool, progress: bool) -> tuple[int, int]:
    """Where the line that begins at `start` ends, and where the next one begins; the latter is
    `start` itself if the line is not finished."""
    newline = data.find(b"\n", start)
    end = newline if newline >= 0 else len(data)
    if newline < 0 and progress and not last:
        overwritten = data.rfind(b"\r", start)
        # The very last byte may be half of "\r\n".
        if overwritten == len(data) - 1:
            overwritten = data.rfind(b"\r", start, overwritten)
        if overwritten >= 0:
            return overwritten, overwritten + 1
    if end - start > LINE_BYTES or ((newline >= 0 or last) and not _fits(data, start, end)):
        cut = _cut(data, start, end)
        return cut, cut
    if newline >= 0:
        return newline, newline + 1
    return (end, end) if last else (start, start)


def _cut(data: bytes, start: int, line_end: int) -> int:
    """Where a line that is too long is cut: after its last overwritten state if it has one, else
    between two characters."""
    end = min(start + LINE_BYTES, line_end)
    overwritten = data.rfind(b"\r", start, end)
    if overwritten > start:
        return overwritten + 1
    end = _between_characters(data, end)
    return end if _fits(data, start, end) else _between_characters(data, start + LINE_BYTES // 3)


def _between_characters(data: bytes, end: int) -> int:
    """The nearest place at or before `end` that is not inside of a UTF-8 character."""
    for place in range(end, end - 4, -1):
        if place == len(data) or data[place] & 0xC0 != 0x80:
            return place
    return end


def _fits(data: bytes, start: int, end: int) -> bool:
    """Whether the bytes make an event: each that is not UTF-8 becomes three."""
    if end - start <= LINE_BYTES // 3:
        return True
    return len(data[start:end].decode("utf-8", "replace").encode()) <= LINE_BYTES


def _shown(data: bytes, start: int, end: int) -> tuple[int, str]:
    """What a terminal shows of a line, and where that begins."""
    line = data[start:end]
    offset = 0
    if b"\r" in line:
        states = line.split(b"\r")
        while len(states) > 1 and not states[-1].strip():
            states.pop()
        offset = sum(len(state) + 1 for state in states[:-1])
        line = states[-1]
    return start + offset, line.decode("utf-8", "replace")
