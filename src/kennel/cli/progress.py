"""A bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

__all__ = ["Bar"]

_WIDTH = 30


class Bar:
    """Shows how far something is, on one line, which it clears at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_shown = stream.isatty()
        self._last = ""

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._last:
            self._write("")

    def show(self, done: int, total: int, unit: str) -> None:
        """`total` 0: not known."""
        share = f"{'█' * (done * _WIDTH // total):<{_WIDTH}} " if total else ""
        of = f" of {total:,}" if total else ""
        self._write(f"{share}{done:,}{of} {unit}")

    def _write(self, line: str) -> None:
        if self._is_shown and line != self._last:
            self._stream.write(f"\r{line:<{len(self._last)}}" + ("" if line else "\r"))
            self._stream.flush()
            self._last = line
