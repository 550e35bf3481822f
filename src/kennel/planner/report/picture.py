"""What came of simulations, as pictures. Needs matplotlib, of the extra `demo`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kennel.planner.figures import Figures
from kennel.planner.plan import EndpointPlan
from kennel.planner.quantities import show_duration
from kennel.planner.report.setting import describe
from kennel.planner.simulated import Simulated

__all__ = ["draw_runs"]

_DOTS = 150  # an inch
_BLUE, _DARK, _GREEN, _GREY, _RED = "#4c78a8", "#1f3b5c", "#54a24b", "#888888", "#c0392b"
_HEADROOM = 1.25  # above a curve, for the legend
_HOUR = 3600.0
_WIDE = 20  # times
_POINTS = 720  # of a curve: more would only be a blur


def draw_runs(runs: Sequence[Simulated], title: str, path: Path) -> None:
    """Rate, latency and capacity over the time: a column a setting, the axes shared."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MultipleLocator

    count = len(runs)
    figure = Figure(figsize=(max(11.0, 6.0 * count), 8.4), layout="constrained")
    grid = figure.subplots(
        3, count, sharex=True, sharey="row", height_ratios=[2, 3, 2], squeeze=False
    )
    unit, word = _unit(runs[0].figures.duration)
    scales = [run.plan.setting.time_scale for run in runs]
    if any(scale != 1 for scale in scales):
        word += " of policy time"
    drawn = [_Curves(run.figures, unit, scale) for run, scale in zip(runs, scales, strict=True)]
    is_wide = any(curves.is_wide for curves in drawn)
    for column, (run, curves) in enumerate(zip(runs, drawn, strict=True)):
        axes = grid[:, column]
        axes[0].set_title(f"{run.plan.name}: {describe(run.plan)}", loc="left", fontsize=9)
        _rate(axes[0], curves)
        _latency(axes[1], curves, is_wide)
        _capacity(axes[2], curves, run)
        axes[2].set_xlabel(word)
        if unit == _HOUR:
            hours = run.figures.duration / unit
            axes[2].xaxis.set_major_locator(MultipleLocator(_tick_hours(hours)))
        axes[2].set_xlim(0, run.figures.duration / unit)
        for one in axes:
            one.grid(alpha=0.25)
            one.spines[["top", "right"]].set_visible(False)
    # Last, since a limit that is set on one axes ends the growing of all that share it.
    most = max(max(curves.capacity[1], default=0) for curves in drawn)
    grid[0, 0].set_ylim(0, _HEADROOM * max(curves.rate.max() for curves in drawn))
    grid[2, 0].set_ylim(0, _HEADROOM * max(most, max(curves.busy.max() for curves in drawn), 1))
    if not is_wide:
        grid[1, 0].set_ylim(bottom=0)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    figure.savefig(path, dpi=_DOTS)


class _Curves:
    """The minutes, thinned out: of latencies and queues the worst of each stretch is kept."""

    def __init__(self, figures: Figures, unit: float, scale: float) -> None:
        import numpy as np

        minutes = figures.minutes
        self._step = max(1, len(minutes.rate) // _POINTS)
        self._numpy = np
        self.times = (np.arange(0, len(minutes.rate), self._step) + self._step / 2) * 60 / unit
        self.rate = self._reduced(minutes.rate, np.mean)
        self.p50 = self._reduced(minutes.p50, np.nanmean)
        self.p99 = self._reduced(minutes.p99, np.nanmax)
        self.refused = self._reduced(minutes.refused, np.sum) * scale / (60 * self._step)
        self.busy = self._reduced(minutes.busy, np.mean)
        starts = [at / unit for at, _ in figures.changes]
        counts = [count for _, count in figures.changes]
        self.capacity = [*starts, figures.duration / unit], [*counts, counts[-1] if counts else 0]

    @property
    def is_wide(self) -> bool:
        """Whether only a logarithmic axis shows both the usual and the worst latency."""
        worst, usual = self.p99[self.p99 > 0], self.p50[self.p50 > 0]
        return bool(len(worst) and len(usual) and worst.max() > _WIDE * usual.min())

    def _reduced(self, values: Any, reduce: Any) -> Any:
        np = self._numpy
        parts = [values[i : i + self._step] for i in range(0, len(values), self._step)]
        return np.array([np.nan if np.isnan(part).all() else reduce(part) for part in parts])


def _rate(axes: Any, curves: _Curves) -> None:
    axes.plot(curves.times, curves.rate, color=_DARK, label="requests a second")
    if curves.refused.any():
        axes.fill_between(curves.times, curves.refused, color=_RED, alpha=0.6, label="refused")
    axes.set_ylabel("requests/s")
    axes.legend(loc="upper right", frameon=False, fontsize=8)


def _latency(axes: Any, curves: _Curves, is_wide: bool) -> None:
    axes.plot(curves.times, curves.p99, color=_BLUE, linewidth=1, label="p99 of a minute")
    axes.plot(curves.times, curves.p50, color=_DARK, linewidth=2, label="p50")
    if is_wide:
        axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: show_duration(value))
    axes.set_ylabel("latency")
    axes.legend(loc="upper right", frameon=False, fontsize=8)


def _capacity(axes: Any, curves: _Curves, run: Simulated) -> None:
    is_endpoint = isinstance(run.plan, EndpointPlan)
    times, counts = curves.capacity
    name = "instances" if is_endpoint else "provisioned"
    axes.step(times, counts, where="post", color=_GREEN, linewidth=2, label=name)
    axes.fill_between(curves.times, curves.busy, color=_GREY, alpha=0.4, label="of them busy")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(name)
    axes.legend(loc="upper right", frameon=False, fontsize=8)


def _tick_hours(hours: float) -> int:
    """Hours from tick to tick: a part of a day, twelve ticks at most."""
    return next((step for step in (1, 2, 3, 4, 6) if hours <= 12 * step), 12)


def _unit(seconds: float) -> tuple[float, str]:
    """The axis of time."""
    if seconds <= 600:
        return 1.0, "seconds"
    if seconds <= 3 * 3600:
        return 60.0, "minutes"
    return (_HOUR, "hours") if seconds <= 4 * 86400 else (86400.0, "days")
