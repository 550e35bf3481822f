"""Alarms: what is watched, how it stands, and what is done about it."""

from kennel.services.cloudwatch.alarms.history import HISTORY_SECONDS, forget
from kennel.services.cloudwatch.alarms.operations import AlarmOperations

__all__ = ["HISTORY_SECONDS", "AlarmOperations", "forget"]
