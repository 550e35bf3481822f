"""The breeds: 133 combinations of traits, as far from each other as they can be."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from enum import Enum
from typing import cast

__all__ = ["BREEDS", "Breed", "Build", "Coat", "Ears", "Fur", "Legs", "Marking", "Muzzle", "Tail"]

_COUNT = 133
_SEED = 133


class Build(Enum):
    """Length and depth of the body, in pixels of the drawing."""

    SPITZ = (128, 78)
    TERRIER = (138, 66)
    HOUND = (168, 72)
    SIGHTHOUND = (160, 56)
    MASTIFF = (158, 96)
    DACHSHUND = (196, 64)


class Legs(Enum):
    """Their length below the body, in pixels."""

    SHORT = 34
    MEDIUM = 66
    LONG = 96


class Ears(Enum):
    PRICKED = "pricked"
    BAT = "bat"
    FOLDED = "folded"
    HANGING = "hanging"
    LONG = "long"


class Muzzle(Enum):
    """Length before the skull, in pixels."""

    FLAT = 10
    MEDIUM = 30
    LONG = 48


class Tail(Enum):
    CURLED = "curled"
    SICKLE = "sickle"
    PLUME = "plume"
    LOW = "low"
    STUMP = "stump"


class Fur(Enum):
    """How far the outline frays, in pixels."""

    SMOOTH = 0
    ROUGH = 4
    SHAGGY = 9


class Coat(Enum):
    """Main and second colour, red, green and blue."""

    BLACK = ((38, 36, 38), (172, 118, 66))
    CHOCOLATE = ((92, 56, 36), (190, 148, 104))
    RED = ((158, 78, 36), (242, 234, 222))
    GOLDEN = ((206, 156, 86), (246, 232, 204))
    CREAM = ((232, 214, 178), (150, 116, 78))
    WHITE = ((240, 238, 232), (52, 48, 48))
    GREY = ((128, 130, 136), (236, 234, 230))
    BLUE = ((82, 94, 112), (196, 186, 172))
    SABLE = ((142, 110, 74), (44, 38, 36))


class Marking(Enum):
    PLAIN = "plain"
    SADDLE = "saddle"
    MASK = "mask"
    BIB = "bib"
    PATCHES = "patches"
    SPOTS = "spots"
    BRINDLE = "brindle"


@dataclass(frozen=True, slots=True)
class Breed:
    """`folder` is its class's folder, `NNN.Name`."""

    folder: str
    build: Build
    legs: Legs
    ears: Ears
    muzzle: Muzzle
    tail: Tail
    fur: Fur
    coat: Coat
    marking: Marking


_NOUNS = {
    Build.SPITZ: "Spitz",
    Build.TERRIER: "Terrier",
    Build.HOUND: "Hound",
    Build.SIGHTHOUND: "Courser",
    Build.MASTIFF: "Mastiff",
    Build.DACHSHUND: "Burrower",
}
# fmt: off
_PLACES = (
    "Alder", "Ash", "Birch", "Bramble", "Brook", "Cliff", "Clover", "Dale", "Elm", "Fern",
    "Fjord", "Glen", "Harbour", "Heath", "Juniper", "Lake", "Larch", "Linden", "Marsh",
    "Meadow", "Moor", "Oak", "Orchard", "Pine", "Quarry", "Reed", "River", "Rowan", "Sedge",
    "Tarn", "Thistle", "Vale", "Willow", "Yew",
)
# fmt: on

_Traits = tuple[Build, Legs, Ears, Muzzle, Tail, Fur, Coat, Marking]
# How much a difference in each trait shows.
_WEIGHTS = (3, 2, 2, 2, 1, 2, 4, 3)
_CANDIDATES = 400


def _choose() -> list[_Traits]:
    """Of some hundred random combinations, one after the other the one least like those before."""
    source = random.Random(_SEED)
    kinds = (Build, Legs, Ears, Muzzle, Tail, Fur, Coat, Marking)
    drawn = [tuple(source.choice(list(kind)) for kind in kinds) for _ in range(_CANDIDATES)]
    nearest = dict.fromkeys(cast(list[_Traits], drawn), sum(_WEIGHTS) + 1)
    chosen: list[_Traits] = []
    while len(chosen) < _COUNT:
        best = max(nearest, key=lambda one: nearest[one])
        del nearest[best]
        chosen.append(best)
        for one, distance in nearest.items():
            nearest[one] = min(distance, _distance(one, best))
    return chosen


def _distance(one: _Traits, other: _Traits) -> int:
    pairs = zip(one, other, _WEIGHTS, strict=True)
    return sum(weight for mine, theirs, weight in pairs if mine is not theirs)


def _named() -> tuple[Breed, ...]:
    source = random.Random(_SEED)
    places = source.sample(list(itertools.product(_PLACES, _NOUNS)), len(_PLACES) * len(_NOUNS))
    free: dict[Build, list[str]] = {build: [] for build in Build}
    for place, build in places:
        free[build].append(place)
    named = [
        (f"{free[traits[0]].pop()}_{traits[6].name.lower()}_{_NOUNS[traits[0]].lower()}", traits)
        for traits in _choose()
    ]
    return tuple(
        Breed(f"{number:03d}.{name}", *traits)
        for number, (name, traits) in enumerate(sorted(named, key=lambda one: one[0]), start=1)
    )


BREEDS = _named()
