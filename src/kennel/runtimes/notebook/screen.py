"""Shows how a notebook's run goes: a bar below what the cells print, or plain lines.

A terminal gets the bar. A pipe or a file gets a line when a cell starts and one when it ends, and
between them what it prints, as it prints it.
"""

from __future__ import annotations

import sys
from typing import Any, TextIO

__all__ = ["Screen", "outline"]

_WIDTH = 60  # characters of a cell's first line that are shown


def outline(source: str) -> str:
    """A cell in a few words: the first line of it that is code."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")
    return first if len(first) <= _WIDTH else first[: _WIDTH - 1] + "…"


class Screen:
    """Used as a context manager; `total` is the number of cells to run."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = total
        self._done = 0
        self._rest = ""  # of a line that has no end yet; a bar can't stand below half a line
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Screen:
        if self._stream.isatty():
            self._start_bar()
        return self

    def __exit__(self, *ending: object) -> None:
        self._end_line()
        if self._bar is not None:
            self._bar.stop()

    def start(self, source: str) -> None:
        """The next cell begins."""
        words = outline(source)
        if self._bar is not None:
            self._bar.update(self._task, cell=words)
        else:
            self._write(f"[{self._done + 1}/{self._total}] {words}\n")

    def end(self, seconds: float) -> None:
        """The cell has ended well."""
        self._end_line()
        self._done += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done)
        else:
            self._write(f"[{self._done}/{self._total}] {seconds:.1f} s\n")

    def show(self, text: str) -> None:
        """Something that the cell printed."""
        if self._bar is None:
            self._write(text)
            return
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._print(line)

    def _end_line(self) -> None:
        rest, self._rest = self._rest, ""
        if rest and self._bar is not None:
            self._print(rest)

    def _print(self, line: str) -> None:
        """Above the bar. Of what overwrote itself (another bar) the last state is shown."""
        from rich.text import Text

        shown = line.rstrip("\r").rpartition("\r")[2]
        self._bar.console.print(Text.from_ansi(shown), soft_wrap=True)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _start_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            Elapsed(),
            TextColumn("{task.fields[cell]}", markup=False),
            console=Console(file=self._stream),
            transient=True,
            redirect_stdout=self._stream is sys.stdout,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=self._total, cell="")
        self._bar.start()
