"""The busy servers, the one that is done first on top: a binary heap in two arrays.

`at` is when a server is done, `slot` which one it is; of two that are done at once the one with the
smaller number comes first. An empty heap has infinity on top.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled.jit import compiled

__all__ = ["pop", "push", "replace"]


@compiled
def push(
    at: NDArray[np.float64], slot: NDArray[np.int64], size: int, time: float, number: int
) -> None:
    """Adds one to a heap of `size`."""
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if at[parent] < time or (at[parent] == time and slot[parent] < number):
            break
        at[place], slot[place] = at[parent], slot[parent]
        place = parent
    at[place], slot[place] = time, number


@compiled
def replace(
    at: NDArray[np.float64], slot: NDArray[np.int64], size: int, time: float, number: int
) -> None:
    """Puts another in the place of the top one."""
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            at[right] < at[child] or (at[right] == at[child] and slot[right] < slot[child])
        ):
            child = right
        if time < at[child] or (time == at[child] and number < slot[child]):
            break
        at[place], slot[place] = at[child], slot[child]
        place = child
    at[place], slot[place] = time, number


@compiled
def pop(at: NDArray[np.float64], slot: NDArray[np.int64], size: int) -> None:
    """Takes the top one away, of `size`."""
    last = size - 1
    time, number = at[last], slot[last]
    at[last] = np.inf
    if last > 0:
        replace(at, slot, last, time, number)
