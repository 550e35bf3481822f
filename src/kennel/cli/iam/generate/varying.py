"""The parts of names that are made anew each time: times, random letters, counted numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

__all__ = ["numbered", "without_random_parts", "without_times"]

_SEPARATORS = re.compile(r"([-_./:@ \[\]]+)")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SEVERAL = 3  # so many names that differ in a number alone are no coincidence
_STAMP_DIGITS = 8  # 20260501, 1125-163820, 1777622400
_RANDOM = 8  # characters of a random part that stands alone
_SHORT_RANDOM = 4  # of one beside a time
_DIGITS = re.compile(r"[0-9]+")
_TIME = re.compile(r"(19|20)[0-9]{6,15}|1[0-9]{9}([0-9]{3})?")


def without_times(name: str) -> str:
    """The name with `*` for each part that holds a time; the name itself if none does.

    `dogs-1125-163820-ab12-best` gives `dogs-*-best`: numbers side by side with eight digits or more
    are a time, and so is one that begins as a date does or as the seconds of our years; short
    hexadecimal parts and numbers beside it belong to it. An account's twelve digits are no time.
    """
    lasting: list[str] = []

    def hide(found: re.Match[str]) -> str:
        lasting.append(found[0])
        return "\0"

    made = _starred(_UUID.sub(hide, name), _is_no_part)
    return re.sub("\0", lambda _: lasting.pop(0), made)


def without_random_parts(name: str) -> str:
    """The same for parts that are random too: a UUID, or eight hexadecimal characters with digits
    and letters among them. One such name may well be a lasting one; several of a kind are not."""
    return _starred(_UUID.sub("\0", name), _is_random)


def _starred(name: str, is_random: Callable[[str], bool]) -> str:
    tokens = _SEPARATORS.split(name)
    words = tokens[::2]
    varies = [is_random(word) for word in words]
    for start, end in _runs([_is_number(word) for word in words]):
        run = words[start:end]
        if len(run) == 1:
            varies[start] = varies[start] or _TIME.fullmatch(run[0]) is not None
        elif sum(map(len, run)) >= _STAMP_DIGITS:
            varies[start:end] = [True] * len(run)
    for index, word in enumerate(words):
        beside = index > 0 and varies[index - 1] and tokens[2 * index - 1] in "-_"
        if beside and (_DIGITS.fullmatch(word) or _is_hexadecimal(word, _SHORT_RANDOM)):
            varies[index] = True
    made: list[str] = []
    for index, word in enumerate(words):
        joined = index > 0 and varies[index] and varies[index - 1]
        separator = tokens[2 * index - 1] if index else ""
        if joined and not set(separator) & set("/:"):
            continue  # one star stands for the whole run
        made += [separator, "*" if varies[index] else word]
    return "".join(made)


def _is_number(word: str) -> bool:
    is_account = len(word) == 12 and not _TIME.fullmatch(word)
    return _DIGITS.fullmatch(word) is not None and not is_account


def _is_no_part(word: str) -> bool:
    return False


def numbered(names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Patterns for names that differ in numbers alone, with what each stands for."""
    shapes: dict[str, list[str]] = defaultdict(list)
    for name in names:
        shapes[_DIGITS.sub("\0", name)].append(name)
    found: dict[str, tuple[str, ...]] = {}
    for shape, members in shapes.items():
        if len(members) < _SEVERAL:
            continue
        columns = zip(*(_DIGITS.findall(member) for member in members), strict=True)
        fillings = [same.pop() if len(same) == 1 else "*" for same in map(set, columns)]
        pieces = shape.split("\0")
        pattern = pieces[0] + "".join(
            filling + piece for filling, piece in zip(fillings, pieces[1:], strict=True)
        )
        found[pattern] = tuple(sorted(members))
    return found


def _runs(flags: list[bool]) -> list[tuple[int, int]]:
    runs, start = [], None
    for index, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = index
        elif not flag and start is not None:
            runs.append((start, index))
            start = None
    return runs


def _is_random(word: str) -> bool:
    if word == "\0":
        return True
    has_both = bool(_DIGITS.search(word)) and not _DIGITS.fullmatch(word)
    return has_both and _is_hexadecimal(word, _RANDOM)


def _is_hexadecimal(word: str, least: int) -> bool:
    return len(word) >= least and re.fullmatch(r"[0-9a-f]+", word) is not None
