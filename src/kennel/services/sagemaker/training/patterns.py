"""Metrics in log lines: a name, and a regular expression whose first group is the value.

The expressions are their writers' own, so each search is bound in time. `regex` does that, and
knows what Java's engine on AWS knows (possessive quantifiers, atomic groups), unlike `re`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass

import regex

from kennel.errors import ValidationException

__all__ = ["MetricPattern", "MetricScanner"]

log = logging.getLogger(__name__)

_SEARCH_SECONDS = 0.05  # wall seconds that one pattern may take for one line
_STRIKES = 3  # lines that a pattern may run out of time on before it is given up
_LINE_LIMIT = 16_384  # characters of a line that are searched


@dataclass(frozen=True, slots=True)
class MetricPattern:
    """A MetricDefinition, compiled."""

    name: str
    expression: regex.Pattern[str]

    @classmethod
    def read(cls, name: str, expression: str) -> MetricPattern:
        """Raises ValidationException if the expression does not compile."""
        try:
            return cls(name, regex.compile(expression))
        except regex.error as error:
            raise ValidationException(
                f"The Regex {expression} of metric {name} is not a regular expression: {error}."
            ) from error

    def values(self, line: str) -> Iterator[float]:
        """The values in a line. Raises TimeoutError when the search takes too long.

        A match whose first group is no finite number counts for nothing: CloudWatch takes none.
        """
        if not self.expression.groups:
            return
        found = self.expression.finditer(
            line[:_LINE_LIMIT], timeout=_SEARCH_SECONDS, concurrent=True
        )
        for match in found:
            try:
                value = float(match[1] or "")
            except ValueError:
                continue
            if math.isfinite(value):
                yield value


class MetricScanner:
    """Finds a job's metrics in its log, line by line. Not for use by two threads at once."""

    def __init__(self, job: str, patterns: tuple[MetricPattern, ...]) -> None:
        self._job = job
        self._patterns = list(patterns)
        self._strikes: dict[str, int] = {}

    def scan(self, line: str) -> list[tuple[str, float]]:
        """(metric, value) as they occur. A pattern that ran out of time thrice is given up."""
        found: list[tuple[str, float]] = []
        for pattern in list(self._patterns):
            try:
                found += [(pattern.name, value) for value in pattern.values(line)]
            except TimeoutError:
                self._strike(pattern)
        return found

    def _strike(self, pattern: MetricPattern) -> None:
        strikes = self._strikes[pattern.name] = self._strikes.get(pattern.name, 0) + 1
        if strikes >= _STRIKES:
            self._patterns.remove(pattern)
            log.warning(
                "training job %s: the regex of metric %s takes too long and is given up: %s",
                self._job,
                pattern.name,
                pattern.expression.pattern,
            )
