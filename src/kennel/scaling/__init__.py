"""How AWS's control loops decide: pure functions that the live plane and the planner share.

State and the policy time `now` go in, a decision comes out.
"""

from kennel.scaling.alarm import AlarmRule, AlarmState, Comparison, MissingData
from kennel.scaling.capacity import Bounds, Change, Direction, History, Vote
from kennel.scaling.decision import Decision, NotScaled, Suspended, decide

__all__ = [
    "AlarmRule",
    "AlarmState",
    "Bounds",
    "Change",
    "Comparison",
    "Decision",
    "Direction",
    "History",
    "MissingData",
    "NotScaled",
    "Suspended",
    "Vote",
    "decide",
]
