"""What a fuzz target is, and how one is searched.

A target has seeds, which are valid inputs, and a check, which raises for anything but a correct
refusal or a correct answer. Inputs are bytes whatever the target, so what was found once can be
kept as a file and tried for ever (`corpus/TARGET/`). The loop is our own because a check takes some
tens of microseconds: hypothesis, which our other tests search with, takes ten times that to think
of an input.
"""

from __future__ import annotations

import faulthandler
import hashlib
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from tests.fuzz.mutation import Change, apply, changes_by

__all__ = ["CORPUS", "Check", "Find", "Search", "Target", "corpus_of", "simple"]

CORPUS = Path(__file__).parent / "corpus"
_HANG_SECONDS = 60  # for one input; the machine may be busy

Check = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Target:
    """`seeds` makes the valid inputs; `opened` gives the check, and takes down again what that
    needed."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    opened: Callable[[], AbstractContextManager[Check]]


def simple(name: str, seeds: Callable[[], Sequence[bytes]], check: Check) -> Target:
    """A target whose check needs nothing."""
    return Target(name, seeds, lambda: nullcontext(check))


def corpus_of(name: str) -> list[Path]:
    """The inputs that once found something."""
    return sorted((CORPUS / name).glob("*"))


class Hang(Exception):
    """An input took longer than anything should."""


@dataclass(frozen=True, slots=True)
class Find:
    """An input that the check did not like, and what it said."""

    data: bytes
    place: str
    error: str

    def keep(self, folder: Path) -> Path:
        """Writes the input to a file of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / hashlib.sha256(self.data).hexdigest()[:16]
        path.write_bytes(self.data)
        return path


@dataclass(slots=True)
class Search:
    """Tries mutations of a target's seeds. Several finds of one place count once."""

    target: Target
    check: Check
    last: Path | None = None
    """Where the present input is kept, for the case that it ends the interpreter."""
    tried: int = 0
    finds: dict[str, Find] = field(default_factory=dict)

    def for_seconds(self, seconds: float, seed: int) -> None:
        """Searches until the time is over."""
        end = time.monotonic() + seconds
        chance = Random(seed)
        while time.monotonic() < end:
            self._one(chance)

    def through(self, inputs: int) -> None:
        """Tries so many inputs, the same at each run."""
        chance = Random(0)
        for _ in range(inputs):
            self._one(chance)

    def try_input(self, data: bytes) -> Find | None:
        """What the check has against an input."""
        self.tried += 1
        if self.last is not None:
            self.last.write_bytes(data)
        try:
            with _bounded_time():
                self.check(data)
        except Exception as error:
            return Find(data, _place(error), "".join(traceback.format_exception(error))[-6000:])
        return None

    def _one(self, chance: Random) -> None:
        seeds = self.target.seeds()
        number, changes = chance.randrange(len(seeds)), changes_by(chance)
        found = self.try_input(apply(seeds, number, changes))
        if found is not None and found.place not in self.finds:
            self.finds[found.place] = self._smaller(found, number, changes)

    def _smaller(self, found: Find, number: int, changes: Sequence[Change]) -> Find:
        """The same find with as few changes as it takes."""
        seeds, kept = self.target.seeds(), list(changes)
        for change in changes:
            fewer = [one for one in kept if one is not change]
            again = self.try_input(apply(seeds, number, fewer))
            if again is not None and again.place == found.place:
                found, kept = again, fewer
        return found


@contextmanager
def _bounded_time() -> Iterator[None]:
    def alarm(number: int, frame: FrameType | None) -> None:
        raise Hang(f"longer than {_HANG_SECONDS} s")

    before = signal.signal(signal.SIGALRM, alarm)
    faulthandler.dump_traceback_later(2 * _HANG_SECONDS, exit=True)  # if no exception gets through
    signal.alarm(_HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def _place(error: BaseException) -> str:
    """Kind of error and the innermost line of Kennel's or the tests' it came by."""
    if isinstance(error.__cause__, Exception):
        error = error.__cause__
    place = "?"
    for frame in traceback.extract_tb(error.__traceback__):
        if "/site-packages/" not in frame.filename and "/lib/python" not in frame.filename:
            place = f"{Path(frame.filename).name}:{frame.lineno}"
    note = str(error).partition("\n")[0][:80] if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {place} {note}".rstrip()
