"""What has to be taken away again, in the opposite order of its making."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

__all__ = ["Tidy"]

log = logging.getLogger(__name__)


class Tidy:
    """A context manager: at its end, whatever it is, it takes away what it was told of. `tell` is
    called first if that end is a failure or Ctrl-C, since it may take seconds."""

    def __init__(self, tell: Callable[[], None] = lambda: None) -> None:
        self._tell = tell
        self._removals: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    @contextmanager
    def making(self, removal: Callable[..., Any], *arguments: Any) -> Iterator[None]:
        """Holds the requests that make a thing, and says how to take it away again.

        Ctrl-C waits until they are answered: a request that is given up half-way is carried out
        all the same, after the removal has looked and found nothing.
        """
        self._removals.append((removal, arguments))
        with _uninterrupted():
            yield

    def keep(self) -> None:
        """Leaves all of it there."""
        self._removals.clear()

    def __enter__(self) -> Tidy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and self._removals:
            self._tell()
        while self._removals:
            removal, arguments = self._removals.pop()
            try:
                removal(*arguments)
            except (BotoCoreError, ClientError) as failure:
                # It was perhaps never made; the rest has to go all the same.
                log.debug("%s%r: %s", removal.__name__, arguments[1:], failure)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keeps a Ctrl-C for the block's end. Of use in the main thread only, where Python has it."""
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt
