"""The durable record of what was asked of the plane and how policies answered.

recorder   what the authorize step calls; record: collects in memory, writes once in a while
rows       the table: counts, bounds, queries; folding: what stands for many resources
entry      one line of the record, as the plane's page and the command line have it
"""

from kennel.decisions.entry import Outcome, Reason, RecordedDecision
from kennel.decisions.record import DecisionRecord
from kennel.decisions.recorder import DecisionRecorder
from kennel.decisions.rows import MIGRATIONS, Query

__all__ = [
    "MIGRATIONS",
    "DecisionRecord",
    "DecisionRecorder",
    "Outcome",
    "Query",
    "Reason",
    "RecordedDecision",
]
