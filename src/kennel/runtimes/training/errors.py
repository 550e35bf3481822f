"""What ends a training run before or with its script.

    TrainingError              becomes output/failure and an exit code
    ├── ConfigurationError     the job's configuration can't be run
    ├── SourceError            the source archive or folder can't be used
    └── CommandError           a command that ran for the job failed
        ├── InstallRequirementsError
        ├── InstallModuleError
        └── ExecuteUserScriptError

The text is the toolkit's own, because AWS shows its first 1,024 characters as the FailureReason
and people search for it.
"""

from __future__ import annotations

__all__ = [
    "CommandError",
    "ConfigurationError",
    "ExecuteUserScriptError",
    "InstallModuleError",
    "InstallRequirementsError",
    "SourceError",
    "TrainingError",
]

_KILLED = 137


class TrainingError(Exception):
    """`exit_code` is what the toolkit ends with."""

    exit_code = 1

    def __str__(self) -> str:
        return f"{type(self).__name__}: {super().__str__()}"


class ConfigurationError(TrainingError):
    pass


class SourceError(TrainingError):
    pass


class CommandError(TrainingError):
    """A command's exit code (128 + the signal's number when one ended it), what it said, and
    the command as a person would type it."""

    def __init__(self, command: str, exit_code: int, message: str) -> None:
        super().__init__(message)
        self.command = command
        self.exit_code = exit_code
        self.message = message

    def __str__(self) -> str:
        lines = [
            f"{type(self).__name__}:",
            f"ExitCode {self.exit_code}",
            f'ErrorMessage "{self.message}"',
        ]
        if self.exit_code == _KILLED:
            lines.append('ExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"')
        lines.append(f'Command "{self.command}"')
        return "\n".join(lines)


class InstallRequirementsError(CommandError):
    pass


class InstallModuleError(CommandError):
    pass


class ExecuteUserScriptError(CommandError):
    pass
