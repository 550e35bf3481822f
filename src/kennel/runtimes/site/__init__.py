"""The folder that users' processes have on their PYTHONPATH.

Its files are imported as top-level modules there, in Pythons that may not have Kennel at all, so
they use the standard library alone and each other by their plain names.
"""

from __future__ import annotations

__all__: list[str] = []
