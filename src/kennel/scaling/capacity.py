"""What a scalable target may have, and what its policies remember of their own doing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Bounds", "Change", "Direction", "History", "Vote"]


class Direction(StrEnum):
    """What a policy asks for."""

    OUT = "out"
    IN = "in"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Bounds:
    """MinCapacity and MaxCapacity, both included."""

    minimum: int
    maximum: int

    def clip(self, capacity: int) -> int:
        """The nearest allowed capacity."""
        return max(self.minimum, min(self.maximum, capacity))


@dataclass(frozen=True, slots=True)
class Change:
    """A change of capacity that was fulfilled at policy time `at` (seconds)."""

    at: float
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class History:
    """The last changes that one policy made; cooldowns count from them."""

    out: Change | None = None
    into: Change | None = None

    def after(self, change: Change) -> History:
        """The history with one more change. A step out ends the cooldown of a step in."""
        if change.after > change.before:
            return History(change, None)
        return History(self.out, change)

    def beside(self, change: Change) -> History:
        """The history after a change that another policy of the target made: it starts no cooldown
        here, but a step out ends the cooldown of a step in, whoever took it."""
        return History(self.out, None) if change.after > change.before else self


@dataclass(frozen=True, slots=True)
class Vote:
    """What one policy asks for, before the target's bounds. `cooling` says that it would have
    asked for more, but for a cooldown. `may_scale_in` is false for a policy that never does and
    so has no say in it. Of a policy that asks for nothing though its alarm is raised, `flaps` says
    that a step in would be followed by one out, and `is_satisfied` that the capacity is the one
    it wants."""

    policy: str
    direction: Direction
    capacity: int
    cooling: bool = False
    may_scale_in: bool = True
    is_tracking: bool = True
    flaps: bool = False
    is_satisfied: bool = False
