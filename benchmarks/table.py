"""The table on the screen and its file for programs."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.row import Row, Series

__all__ = ["RESULTS", "as_text", "write"]

RESULTS = Path(__file__).parent / "results" / "latest.json"

_TITLES = ("what", "median", "beside it", "median", "ratio", "target", "met")
_RIGHT = (False, True, False, True, True, True, False)


def as_text(rows: Sequence[Row]) -> str:
    """The rows, lined up, one part under the other."""
    lines = [_TITLES, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_TITLES))]
    text, part = [_line(_TITLES, widths)], ""
    for row, cells in zip(rows, lines[1:], strict=True):
        if row.part != part:
            part = row.part
            text += ["", part]
        text.append(_line(cells, widths))
    return "\n".join(text)


def write(rows: Sequence[Row], seconds: float, path: Path = RESULTS) -> None:
    """Everything that was measured, samples included, and where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 1),
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cores": len(os.sched_getaffinity(0)),
            "load": os.getloadavg(),
        },
        "rows": [row.as_json() for row in rows],
    }
    path.write_text(json.dumps(content, indent=1) + "\n")


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
    return (
        f"  {row.ours.name}",
        _amount(row.ours),
        row.beside.name if row.beside else "",
        _amount(row.beside) if row.beside else "",
        ratio,
        _target(row),
        {None: "", True: "yes", False: "NO"}[row.met],
    )


def _amount(series: Series) -> str:
    return _number(series.median, series.unit)


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f} {unit}".rstrip()


def _target(row: Row) -> str:
    if row.within is not None:
        return f"within {row.within:.0%}"
    if row.target is None:
        return ""
    sign = ">" if row.more_is_better else "<"
    if row.target_is_ratio:
        return f"ratio {sign} {row.target:g}"
    return f"{sign} {row.target:g} {row.ours.unit}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    placed = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, _RIGHT, strict=True)
    ]
    return "  ".join(placed).rstrip()
