"""`from smdebug.profiler.utils import str2bool`, which AWS's examples parse arguments with."""

from __future__ import annotations

from typing import Any

__all__ = ["str2bool"]

_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})
_FALSE = frozenset({"n", "no", "f", "false", "off", "0"})


def str2bool(v: Any) -> bool:
    """As distutils' strtobool reads it. Raises ValueError."""
    if isinstance(v, bool):
        return v
    text = str(v).lower()
    if text not in _TRUE | _FALSE:
        raise ValueError(f"invalid truth value {v!r}")
    return text in _TRUE
