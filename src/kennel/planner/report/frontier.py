"""What a search has found, as a picture: cost against the objective. Needs matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kennel.planner.cost import MONTH_DAYS
from kennel.planner.objective import Objective
from kennel.planner.quantities import show_duration, show_share
from kennel.planner.report.setting import describe
from kennel.planner.search import Found, Trial

__all__ = ["draw_frontier"]

_DOTS = 150  # an inch
_GREEN, _GREY, _RED, _DARK = "#54a24b", "#b5b5b5", "#c0392b", "#1f3b5c"
_APART = 0.05  # of the axis's height, that two names keep from each other


def draw_frontier(found: Found, objective: Objective, title: str, path: Path) -> None:
    """Every setting that was tried: what keeps all objectives in green, the frontier as a line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.6), layout="constrained")
    axes: Any = figure.subplots()
    shown = [one for one in found.tried if math.isfinite(objective.value(one.run.figures))]
    for keeps, colour, label in (
        (False, _GREY, "misses an objective"),
        (True, _GREEN, "keeps all objectives"),
    ):
        points = [_point(one, objective) for one in shown if one.keeps is keeps]
        if points:
            axes.scatter(*zip(*points, strict=True), s=36, color=colour, label=label, zorder=3)
    line = [one for one in found.frontier if one in shown]
    if line:
        points = [_point(one, objective) for one in line]
        axes.plot(*zip(*points, strict=True), color=_DARK, linewidth=1, label="frontier")
    axes.axhline(objective.bound, color=_RED, linestyle="--", linewidth=1, label=objective.text)
    values = [value for _, value in (_point(one, objective) for one in shown) if value > 0]
    if values and max(values) > 20 * min(values):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(
        lambda value, _: show_share(value) if objective.is_share else show_duration(value)
    )
    costs = [cost for cost, _ in (_point(one, objective) for one in shown)]
    axes.set_xlim(0, 1.3 * max(costs, default=1.0))  # names stand to the right of their points
    figure.draw_without_rendering()  # the axes' limits are settled from here on
    _name(axes, line, found.chosen, objective)
    axes.set_xlabel("US dollars a month")
    axes.set_ylabel(objective.text.partition("<")[0].strip())
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper right", frameon=False, fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    figure.savefig(path, dpi=_DOTS)


def _point(trial: Trial, objective: Objective) -> tuple[float, float]:
    figures = trial.run.figures
    return figures.usd_a_day * MONTH_DAYS, objective.value(figures)


def _name(axes: Any, line: Sequence[Trial], chosen: Trial | None, objective: Objective) -> None:
    """Writes beside the chosen one what it is, and beside as many of the frontier as have room."""
    to_axes = axes.transData + axes.transAxes.inverted()
    taken: list[float] = []
    first = [] if chosen is None else [chosen]
    for trial in [*first, *line]:
        point = _point(trial, objective)
        height = to_axes.transform(point)[1]
        if any(abs(height - other) < _APART for other in taken):
            continue
        taken.append(height)
        text = describe(trial.run.plan)
        axes.annotate(
            text.rpartition(", launch")[0] or text,
            point,
            xytext=(9, 5),
            textcoords="offset points",
            fontsize=8,
            weight="bold" if trial is chosen else "normal",
        )
    if chosen is not None:
        axes.scatter(
            *_point(chosen, objective),
            s=220,
            facecolor="none",
            edgecolor=_GREEN,
            linewidth=2,
            zorder=4,
            label="chosen",
        )
