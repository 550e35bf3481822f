"""One finding of an audit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["SEVERITIES", "Finding", "Rule", "Severity"]


class Severity(StrEnum):
    """How bad it is: CRITICAL lets strangers in, HIGH makes an administrator of its holder, MEDIUM
    grants much more than is needed, LOW is untidy."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITIES: tuple[Severity, ...] = tuple(Severity)  # worst first


@dataclass(frozen=True, slots=True)
class Rule:
    """What is looked for; `name` stays the same over releases."""

    name: str
    severity: Severity
    summary: str


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is the ARN of what is to be mended, `command` a line for the shell that does."""

    rule: Rule
    subject: str
    message: str
    command: str
