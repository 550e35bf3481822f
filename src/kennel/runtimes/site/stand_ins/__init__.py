"""Packages that stand in for others where these are not installed. Each says so when it is used.

The folder is a path entry at run time (`kennel_imports`), so the packages go by their plain names.
"""

from __future__ import annotations

__all__: list[str] = []
