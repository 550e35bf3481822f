"""Tells why the very first simulation takes longer."""

from __future__ import annotations

import sys

from kennel.planner.simulation import must_compile

__all__ = ["say_if_compiling"]


def say_if_compiling() -> None:
    """One line on standard error, once an installation."""
    if must_compile():
        print("compiling the simulation, once: a few seconds", file=sys.stderr, flush=True)
