"""Which server is done first: a tournament among the slots.

`at` and `slot` have a node for each match: node 1 is the final, node n is played by the winners of
2n and 2n + 1, and the second half are the slots themselves, as many as a power of two. A slot that
is not busy is done at infinity. Of two that are done at once the smaller slot wins.

A change plays as many matches as the power has bits and takes no branch on their outcome, which
makes it twice as fast as a heap, whose every step is a guess.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled.jit import bits_float, compiled, float_bits, select

__all__ = ["enter", "first"]


@compiled
def enter(at: NDArray[np.int64], slot: NDArray[np.int64], number: int, time: float) -> None:
    """Slot `number` is done at `time` from now on."""
    node = (len(at) >> 1) + number
    mine = float_bits(time)
    at[node] = mine
    while node > 1:
        other = node ^ 1
        rival, rivals = at[other], slot[other]
        beaten = rival - (node & 1) < mine
        mine = select(beaten, rival, mine)
        number = select(beaten, rivals, number)
        node >>= 1
        at[node] = mine
        slot[node] = number


@compiled
def first(at: NDArray[np.int64]) -> float:
    """When the first of all is done."""
    return bits_float(at[1])
