"""Places and supervises processes."""

from kennel.engine.connections import are_connected
from kennel.engine.errors import (
    EngineError,
    EngineStoppedError,
    FolderInUseError,
    MountError,
    NoNetworkError,
    SpecError,
    StartError,
)
from kennel.engine.interface import (
    Capabilities,
    Engine,
    Exit,
    Mount,
    Network,
    Process,
    ProcessSpec,
    Usage,
)
from kennel.engine.limits import Limits
from kennel.engine.local import LocalEngine
from kennel.engine.shim.proc import is_alive, start_time

__all__ = [
    "Capabilities",
    "Engine",
    "EngineError",
    "EngineStoppedError",
    "Exit",
    "FolderInUseError",
    "Limits",
    "LocalEngine",
    "Mount",
    "MountError",
    "Network",
    "NoNetworkError",
    "Process",
    "ProcessSpec",
    "SpecError",
    "StartError",
    "Usage",
    "are_connected",
    "is_alive",
    "start_time",
]
