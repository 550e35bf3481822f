"""What a person sees while the demo runs: a live region on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

__all__ = ["Screen", "Step"]

_PLAIN_WIDTH = 120
_PLAIN_EVERY = 0.25  # of a count: how often a line says how far it is, off a terminal


class Screen:
    """Prints the steps. `seconds` has each finished step's duration by its name."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            self.console = Console(
                file=self.console.file, highlight=False, width=_PLAIN_WIDTH, soft_wrap=True
            )
        self.seconds: dict[str, float] = {}
        self._started = time.perf_counter()

    @property
    def elapsed(self) -> float:
        """Seconds since the first line."""
        return time.perf_counter() - self._started

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[Step]:
        """A step from its first line to its duration."""
        started = time.perf_counter()
        step = Step(self.console, title)
        with step.shown():
            yield step
        self.seconds[name] = time.perf_counter() - started
        self.console.print(
            Text.assemble(("✓ ", "green"), title, (f"  {self.seconds[name]:.1f} s", "dim"))
        )

    def say(self, text: str = "", style: str = "") -> None:
        """Prints a line of its own."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    def show(self, what: RenderableType) -> None:
        """Prints a table."""
        self.console.print(Padding(what, (0, 0, 0, 2), expand=False))


class Step:
    """A step that is under way. Off a terminal `status` and `live` print nothing."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._status = ""
        self._started = time.perf_counter()
        self._progress = Progress(
            TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), console=console
        )
        self._count: tuple[str, float] = ("", 0.0)  # what was last told of, and how much of it
        self._body: RenderableType | None = None
        self._live: Live | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Holds the live region."""
        if not self._console.is_terminal:
            self._console.print(f"{self._title} ...")
            yield
            return
        spinner = Spinner("dots")

        def render() -> RenderableType:
            seconds = time.perf_counter() - self._started
            head = Table.grid(padding=(0, 1))
            text = Text(self._title)
            text.append(f"  {seconds:.0f} s  {self._status}", "dim")
            text.no_wrap, text.overflow = True, "ellipsis"
            head.add_row(spinner, text)
            parts: list[RenderableType] = [head]
            if self._progress.tasks:
                parts.append(self._progress.get_renderable())
            if self._body is not None:
                parts.append(Padding(self._body, (0, 0, 0, 2)))
            return Group(*parts)

        with Live(
            console=self._console,
            get_renderable=render,
            refresh_per_second=8,
            transient=True,
        ) as self._live:
            yield

    def status(self, text: str) -> None:
        """What is going on this moment."""
        self._status = text

    def note(self, text: str) -> None:
        """A line that stays."""
        self._console.print(Text(f"  {text}", style="dim" if self._console.is_terminal else ""))

    def plain(self, text: str) -> None:
        """A line for where there is no live region."""
        if not self._console.is_terminal:
            self.note(text)

    def live(self, body: RenderableType) -> None:
        """What the live region shows below the title."""
        self._body = body

    def keep(self, body: RenderableType) -> None:
        """Prints what the live region showed, so that it stays."""
        self._body = None
        self._console.print(Padding(body, (0, 0, 0, 2), expand=False))

    def count(self, what: str, done: int, total: int) -> None:
        """How far something is."""
        if self._console.is_terminal:
            if not self._progress.tasks:
                self._progress.add_task(what, total=total)
            task = self._progress.tasks[0]
            self._progress.update(task.id, description=what, completed=done, total=total)
            return
        told = self._count[1] if self._count[0] == what else 0.0
        if done == total or done / total >= told + _PLAIN_EVERY:
            self._count = (what, done / total)
            self.note(f"{what}: {done} of {total}")
