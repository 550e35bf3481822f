"""The plots, as PNG files: the trials, and what the model takes for what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kennel.demo.outputs import Confusions
from kennel.demo.trials import Trial, best_of

__all__ = ["plain_name", "plot_confusions", "plot_trials"]

_DOTS = 150  # a inch
_PAIRS = 20
_RIGHT = 0.03  # learning rates from here on have their notes on the left
_CEILING = 1.25  # of the loss of guessing: how far up the loss axis goes if a trial diverged
_HEADROOM = 1.3  # of the largest loss, if none did


def plot_trials(trials: Sequence[Trial], path: Path) -> None:
    """Loss over learning rate, a series a batch size; what diverged sits at the top edge."""
    figure, axes = _figure(10, 6)
    chance = trials[0].chance
    ceiling = _ceiling(trials)
    sizes = sorted({trial.batch_size for trial in trials})
    colours = dict(zip(sizes, _colours(len(sizes)), strict=True))
    for size in sizes:
        group = [trial for trial in trials if trial.batch_size == size and trial.is_usable]
        axes.scatter(
            [trial.learning_rate for trial in group],
            [min(trial.objective or 0.0, ceiling) for trial in group],
            s=90,
            color=colours[size],
            edgecolor="white",
            label=f"batch {size}",
            zorder=3,
        )
    for trial in trials:
        _mark(axes, trial, ceiling, trial == best_of(trials))
    if chance < ceiling:
        axes.axhline(chance, color="firebrick", linestyle="--", linewidth=1)
        axes.annotate(
            f"guessing: {chance:.2f}",
            (1, chance),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            color="firebrick",
        )
    axes.set(
        xscale="log",
        xlim=(0.0008, 0.125),
        ylim=(0, ceiling * 1.08),
        xlabel="learning rate",
        ylabel="loss on validation (mean per photo)",
        title="The trials: learning rate and batch size to loss",
    )
    axes.grid(alpha=0.25)
    axes.legend(loc="lower left", frameon=False)
    _save(figure, path)


def plot_confusions(confusions: Confusions, path: Path) -> None:
    """The matrix in shares of each row, and the most confused pairs beside it."""
    from matplotlib.figure import Figure

    labels = [plain_name(label) for label in confusions.labels]
    shares = [[count / max(1, sum(row)) for count in row] for row in confusions.matrix]
    side = max(7.0, 0.135 * len(labels) + 3)
    figure = Figure(figsize=(side + 7, side), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[side, 5])
    drawn = left.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    is_large = len(labels) > 40
    size = 6 if is_large else 9
    left.set_xticks(range(len(labels)), labels, rotation=90, fontsize=size)
    left.set_yticks(range(len(labels)), labels, fontsize=size)
    left.set(xlabel="taken for", ylabel="true", title="Test photos, share of each true class")
    figure.colorbar(drawn, ax=left, shrink=0.5)
    worst = confusions.worst(_PAIRS)
    names = [f"{plain_name(true)} → {plain_name(taken)}" for true, taken, _ in worst]
    bars = right.barh(range(len(worst)), [count for *_, count in worst], color="indianred")
    right.set_yticks(range(len(worst)), names, fontsize=12 if is_large else 9)
    right.invert_yaxis()
    right.bar_label(bars, padding=2)
    right.set(title="Most confused (true → taken for)", xlabel="test photos")
    right.xaxis.get_major_locator().set_params(integer=True)
    right.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def plain_name(label: str) -> str:
    """A class's folder name as people write it: 001.Afghan_hound is Afghan hound."""
    number, dot, name = label.partition(".")
    return (name if dot and number.isdigit() else label).replace("_", " ")


def _ceiling(trials: Sequence[Trial]) -> float:
    """The top of the loss axis: above the loss of guessing only where something is there."""
    if all(trial.is_usable and not trial.diverged for trial in trials):
        return _HEADROOM * max(trial.objective or 0.0 for trial in trials)
    return trials[0].chance * _CEILING


def _mark(axes: Any, trial: Trial, ceiling: float, is_best: bool) -> None:
    height = min(trial.objective or 0.0, ceiling) if trial.is_usable else ceiling
    point = (trial.learning_rate, height)
    if trial.diverged or not trial.is_usable:
        axes.scatter(*point, s=140, marker="x", color="firebrick", linewidth=2, zorder=4)
        note = "diverged" if trial.diverged else trial.status.lower()
    else:
        note = f"{trial.objective:.3f}"
    if is_best:
        axes.scatter(*point, s=280, facecolor="none", edgecolor="seagreen", linewidth=2, zorder=4)
        note = f"best: {note}"
    # Towards the middle, and by turns above and below: neighbours' notes rarely meet then.
    is_right, is_above = trial.learning_rate > _RIGHT, trial.number % 2 == 1
    axes.annotate(
        f"{trial.number}: {note}",
        point,
        xytext=(-10 if is_right else 10, 9 if is_above else -9),
        textcoords="offset points",
        ha="right" if is_right else "left",
        va="bottom" if is_above else "top",
        fontsize=9,
    )


def _figure(width: float, height: float) -> tuple[Any, Any]:
    # A Figure of its own, not pyplot: no display, no state that other code shares.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _colours(number: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["viridis"](index / max(1, number - 1)) for index in range(number)]


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=_DOTS)
