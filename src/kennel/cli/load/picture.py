"""What came of a load, as a picture: latency, rate and capacity over the same time."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kennel.cli.load.wording import area_of, latency

__all__ = ["draw", "title_of"]

_DOTS = 150  # an inch
_BLUE, _DARK, _GREEN, _AMBER, _RED = "#4c78a8", "#1f3b5c", "#54a24b", "#f2a33c", "#c0392b"
_TITLE_LENGTH = 120
_WANTED_POINTS = 500
_LONG = 600.0  # seconds from which on the axis is in minutes


def draw(report: Mapping[str, Any], wanted: Callable[[float], float | None], path: Path) -> None:
    """Writes a PNG. `wanted` is the rate that was asked for at a moment. Needs matplotlib."""
    from matplotlib.figure import Figure

    slots = [slot for slot in report["timeline"] if slot["at"] < report["load"]["seconds"]]
    capacity = report["capacity"]
    rows = 3 if capacity else 2
    ratios = [3, 2, 1.2][:rows]
    figure = Figure(figsize=(11, 2.6 * rows + 0.8), layout="constrained")
    axes = figure.subplots(rows, 1, sharex=True, height_ratios=ratios, squeeze=False)[:, 0]
    unit = 60.0 if report["load"]["seconds"] >= _LONG else 1.0
    _draw_latency(axes[0], slots, report["load"]["seconds"], unit)
    _draw_rate(axes[1], slots, report["load"]["seconds"], unit, wanted)
    if capacity:
        _draw_capacity(axes[2], capacity, report["load"]["seconds"], unit)
    for one in axes:
        one.grid(alpha=0.25)
        one.spines[["top", "right"]].set_visible(False)
        if report["load"]["warm_up_seconds"]:
            one.axvspan(0, report["load"]["warm_up_seconds"] / unit, color="0.9", zorder=0)
    axes[-1].set_xlabel("minutes" if unit > 1 else "seconds")
    axes[-1].set_xlim(0, report["load"]["seconds"] / unit)
    figure.suptitle(title_of(report), x=0.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=_DOTS)


def title_of(report: Mapping[str, Any]) -> str:
    """What is above the picture, with the words and numbers of the table."""
    target, requests, found = report["target"], report["requests"], report["latency"]
    name = target["name"] + (f":{target['qualifier']}" if target["qualifier"] else "")
    text = f"{name}: {requests['sent']:,} requests"
    text += "".join(f", {requests[word]:,} {word}" for word in ("ok", "throttled", "failed"))
    if found:
        text += f"; p50 {latency(found['p50'])}, p99 {latency(found['p99'])}"
    return f"{text}\n{textwrap.shorten(report['load']['text'], _TITLE_LENGTH, placeholder=' …')}"


def _draw_latency(
    axes: Any, slots: Sequence[Mapping[str, Any]], seconds: float, unit: float
) -> None:
    """Steps over the very stretches that the bars of the rate stand on. A line from the middle of
    one stretch to the middle of the next would rise before the load that made it rise."""

    def series(name: str) -> list[float]:
        return [float("nan") if slot[name] is None else slot[name] * 1e3 for slot in slots]

    median, slow = series("p50"), series("p99")
    ends = [min(slot["at"] + slot["seconds"], seconds) for slot in slots]
    edges = [(slot["at"] / unit, end / unit) for slot, end in zip(slots, ends, strict=True)]
    steps = [moment for edge in edges for moment in (*edge, edge[1])]
    low, high = _stepped(median), _stepped(slow)
    axes.fill_between(steps, low, high, color=_BLUE, alpha=0.25, linewidth=0)
    axes.plot(steps, high, color=_BLUE, label="p99")
    axes.plot(steps, low, color=_DARK, linewidth=2, label="p50")
    middles = [sum(edge) / 2 for edge in edges]
    axes.plot(middles, series("max"), ".", color=_BLUE, markersize=3, label="slowest")
    values = [value for value in series("max") if value == value]
    if values and max(values) > 20 * min(value for value in median if value == value):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: latency(value / 1e3))
    axes.set_title("latency of answered requests, by when they were due", loc="left", fontsize=10)
    _legend(axes)


def _stepped(values: Sequence[float]) -> list[float]:
    """A value for a stretch's beginning and end, and none after it: the next may not be the
    neighbour."""
    return [one for value in values for one in (value, value, float("nan"))]


def _legend(axes: Any) -> None:
    """Above the axes, where nothing is drawn."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=4, frameon=False, fontsize=9)


def _draw_rate(
    axes: Any,
    slots: Sequence[Mapping[str, Any]],
    seconds: float,
    unit: float,
    wanted: Callable[[float], float | None],
) -> None:
    begins = [slot["at"] / unit for slot in slots]
    # The last stretch may be cut off by the load's end.
    lengths = [max(min(slot["seconds"], seconds - slot["at"]), 1e-9) for slot in slots]
    widths = [length / unit for length in lengths]
    below = [0.0] * len(slots)
    ok = [slot["due"] - slot["throttled"] - slot["failed"] for slot in slots]
    for label, colour, counts in (
        ("ok", _GREEN, ok),
        ("throttled", _AMBER, [slot["throttled"] for slot in slots]),
        ("failed", _RED, [slot["failed"] for slot in slots]),
    ):
        if label == "ok" or any(counts):
            rates = [count / length for count, length in zip(counts, lengths, strict=True)]
            axes.bar(
                begins, rates, widths, below, align="edge", color=colour, alpha=0.7, label=label
            )
            below = [a + b for a, b in zip(below, rates, strict=True)]
    moments = [seconds * step / _WANTED_POINTS for step in range(_WANTED_POINTS)]
    asked = [wanted(moment) for moment in moments]
    if any(rate is not None for rate in asked):
        times = [moment / unit for moment in moments]
        axes.plot(times, asked, color="black", linestyle="--", linewidth=1, label="asked for")
    axes.set_ylim(bottom=0)
    axes.set_title("requests a second, and what became of them", loc="left", fontsize=10)
    _legend(axes)


def _draw_capacity(axes: Any, capacity: Mapping[str, Any], seconds: float, unit: float) -> None:
    changes = capacity["changes"]
    times = [0.0, *(change["at"] / unit for change in changes[1:]), seconds / unit]
    numbers = [change["number"] for change in changes]
    axes.step(times, [*numbers, numbers[-1]], where="post", color=_DARK, linewidth=2)
    axes.fill_between(times, [*numbers, numbers[-1]], step="post", color=_DARK, alpha=0.15)
    axes.set_ylim(0, max(numbers) + 0.5)
    axes.yaxis.get_major_locator().set_params(integer=True)
    name, total = area_of(capacity)
    text = f"{capacity['of']}: {total:,.0f} {name}"
    axes.set_title(text, loc="left", fontsize=10)
