"""How a command fails.

CommandError       the command could not do what was asked; exit code 1
└── UsageError     it was asked for something that can't be; exit code 2
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["CommandError", "UsageError"]


class CommandError(Exception):
    """Its message goes to standard error: what happened, to what, what to do."""

    exit_code: ClassVar[int] = 1


class UsageError(CommandError):
    """A bad option, a taken port, a folder that can't be used."""

    exit_code = 2
