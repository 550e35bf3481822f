"""What came of simulations: rows of a table, a record for programs, pictures."""

from kennel.planner.report.activities import activity_rows
from kennel.planner.report.record import record_of
from kennel.planner.report.rows import headings_of, rows_of
from kennel.planner.report.setting import describe
from kennel.planner.report.sparkline import sparkline

__all__ = ["activity_rows", "describe", "headings_of", "record_of", "rows_of", "sparkline"]
