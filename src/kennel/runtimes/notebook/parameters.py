"""Parameters of a notebook, by papermill's conventions.

The values go into a cell of their own, tagged `injected-parameters`, behind the cell that is tagged
`parameters` (whose values are the defaults), or before all cells if there is none. No I/O.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Mapping
from typing import Any

__all__ = ["BadParameter", "inject", "parse"]

_DEFAULTS, _INJECTED = "parameters", "injected-parameters"


class BadParameter(ValueError):
    """Not NAME=VALUE."""


def parse(text: str) -> tuple[str, Any]:
    """`NAME=VALUE`. A value that is a literal of Python's is that, anything else is a string."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier() or keyword.iskeyword(name):
        raise BadParameter(f"{text!r} is not NAME=VALUE with NAME a name of Python's")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return name, value


def inject(cells: list[Any], cell: Any, parameters: Mapping[str, Any]) -> None:
    """Puts the parameters into `cells`; `cell` is a new code cell. One that an earlier run put
    there is replaced."""
    lines = ["# Parameters", *(f"{name} = {value!r}" for name, value in parameters.items())]
    cell["source"] = "\n".join(lines)
    cell["metadata"]["tags"] = [_INJECTED]
    before = _tagged(cells, _INJECTED)
    if before is not None:
        cells[before] = cell
        return
    defaults = _tagged(cells, _DEFAULTS)
    cells.insert(0 if defaults is None else defaults + 1, cell)


def _tagged(cells: list[Any], tag: str) -> int | None:
    found = (n for n, cell in enumerate(cells) if tag in cell.get("metadata", {}).get("tags", ()))
    return next(found, None)
