"""Stands in for smdebug's profiler; nothing is profiled. See `smdebug`."""

from __future__ import annotations

__all__: list[str] = []
