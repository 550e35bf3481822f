"""What is said of a scalable target: sections of lines, warnings, and figures for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Explanation", "Section"]

_WIDTH = 92


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with sentences under it. A line that begins with two blanks is kept as it is: a
    row of a table."""

    title: str
    lines: Sequence[str]

    def text(self, width: int = _WIDTH) -> str:
        return "\n".join([self.title, *self._shown(width)])

    def _shown(self, width: int) -> Iterator[str]:
        for line in self.lines:
            if line.startswith("  "):
                yield line
            else:
                yield from textwrap.wrap(line, width, initial_indent="  ", subsequent_indent="  ")


@dataclass(frozen=True, slots=True)
class Explanation:
    """`warnings` are sentences; `facts` says the same to programs."""

    sections: Sequence[Section]
    warnings: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def text(self, width: int = _WIDTH) -> str:
        parts = [section.text(width) for section in self.sections]
        if self.warnings:
            lines = [
                textwrap.fill(one, width, initial_indent="  - ", subsequent_indent="    ")
                for one in self.warnings
            ]
            parts.append("\n".join(["Mind", *lines]))
        return "\n\n".join(parts)
