"""What an engine can refuse.

    EngineError            anything below
    ├── EngineStoppedError   the engine is not started
    ├── SpecError            the spec can't be run anywhere (the caller's fault)
    ├── FolderInUseError     the folder already records a process
    ├── MountError           this machine has no mount namespaces, or a mount failed
    ├── NoNetworkError       this machine has no network namespaces
    └── StartError           the machine refused: the message says what it answered

Each message says what happened, to what, and what to do.
"""

from __future__ import annotations

__all__ = [
    "EngineError",
    "EngineStoppedError",
    "FolderInUseError",
    "MountError",
    "NoNetworkError",
    "SpecError",
    "StartError",
]


class EngineError(Exception):
    """A process could not be started or looked after."""


class EngineStoppedError(EngineError):
    """A call came before `start` or after `stop`."""


class SpecError(EngineError):
    """No machine could run this spec."""


class FolderInUseError(EngineError):
    """A folder records one process in its life; a second one needs a folder of its own."""


class MountError(EngineError):
    """The process's view of the file system could not be made."""


class NoNetworkError(EngineError):
    """The process can't have a network of its own."""


class StartError(EngineError):
    """The machine refused to start the process."""
