"""Why a job ends before its script does.

JobFault        ends the job as Failed; its text is the FailureReason
JobInterrupted  the phase is left: the job was told to stop, or the plane stops
"""

from __future__ import annotations

__all__ = ["JobFault", "JobInterrupted"]


class JobFault(Exception):
    """The message is a FailureReason as AWS words it: `ClientError: …`, `AlgorithmError: …`."""


class JobInterrupted(Exception):
    """A phase that was told to end before its end. What it did is done again or not needed."""
