"""Says in plain words what a scalable target will do. Pure functions that make text."""

from kennel.planner.explain.explanation import Explanation, Section
from kennel.planner.explain.maximum import SAFETY, MaximumRate, target_for
from kennel.planner.explain.subject import Subject
from kennel.planner.explain.words import explain

__all__ = [
    "SAFETY",
    "Explanation",
    "MaximumRate",
    "Section",
    "Subject",
    "explain",
    "target_for",
]
