"""Places and supervises processes."""

from kennel.engine.interface import (
    Capabilities,
    Engine,
    Exit,
    Mount,
    Process,
    ProcessSpec,
    Usage,
)

__all__ = ["Capabilities", "Engine", "Exit", "Mount", "Process", "ProcessSpec", "Usage"]
