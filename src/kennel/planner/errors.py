"""What the planner refuses, each in one sentence for the person who asked.

PlannerError      the base of them all
├── BadQuantity   a duration, a rate, a share or a range can't be read
├── BadTraffic    a traffic description or its file can't be used
├── BadSamples    service times can't be read
├── BadPlan       a setting can't be simulated
└── NoPrice       the table of prices does not have it
"""

from __future__ import annotations

__all__ = ["BadPlan", "BadQuantity", "BadSamples", "BadTraffic", "NoPrice", "PlannerError"]


class PlannerError(ValueError):
    """Its message is one sentence: what can't be done, and what can."""


class BadQuantity(PlannerError):
    """A text that should be a quantity is none."""


class BadTraffic(PlannerError):
    """A traffic description is wrong, or its file is."""


class BadSamples(PlannerError):
    """A description of service times is wrong, or its file is."""


class BadPlan(PlannerError):
    """A setting contradicts itself, or AWS would not take it."""


class NoPrice(PlannerError):
    """No price is known; a cost would be a guess."""
