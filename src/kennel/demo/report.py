"""What is left at the end: a table for people, one JSON object for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from kennel.demo.function import Answer
from kennel.demo.plots import plain_name
from kennel.demo.trials import Trial

__all__ = [
    "ORIGIN_NOTE",
    "Prediction",
    "Report",
    "answer_table",
    "numbers",
    "summary_table",
    "timing_table",
]

ORIGIN_NOTE = "The backbone was trained on ImageNet, which holds many of these photos."
_SHOWN = 6  # of the numbers, on screen


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the function said of the photo `photo` (a key), whose class is `truth`."""

    photo: str
    truth: str
    labels: Sequence[str]
    logits: Sequence[float]

    @property
    def top(self) -> list[tuple[str, float]]:
        """The five likeliest classes with their probabilities, the likeliest first."""
        peak = max(self.logits)
        weights = [math.exp(logit - peak) for logit in self.logits]
        total = sum(weights)
        ranked = sorted(zip(self.labels, weights, strict=True), key=lambda pair: -pair[1])
        return [(label, weight / total) for label, weight in ranked[:5]]

    @property
    def label(self) -> str:
        """The likeliest class."""
        return self.top[0][0]

    def as_json(self) -> dict[str, Any]:
        """For programs: all numbers."""
        return {
            "photo": self.photo,
            "truth": self.truth,
            "label": self.label,
            "probability": self.top[0][1],
            "top": [{"label": label, "probability": share} for label, share in self.top],
            "logits": list(self.logits),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A finished run. `steps` are seconds by step, `files` paths by what they are."""

    run: str
    test_accuracy: float
    validation_accuracy: float | None
    seconds: float
    steps: Mapping[str, float]
    trials: Sequence[Trial]
    best_trial: str
    training_job: str
    endpoint: str
    endpoint_seconds: float
    function: str
    prediction: Prediction
    cold: Answer
    warm: Answer
    files: Mapping[str, Path]
    note: str
    data: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "run": self.run,
            "test_accuracy": self.test_accuracy,
            "validation_accuracy": self.validation_accuracy,
            "note": self.note,
            "seconds": round(self.seconds, 3),
            "steps": {name: round(seconds, 3) for name, seconds in self.steps.items()},
            "data": dict(self.data),
            "trials": [trial.as_json() for trial in self.trials],
            "best_trial": self.best_trial,
            "training_job": self.training_job,
            "endpoint": self.endpoint,
            "endpoint_seconds": round(self.endpoint_seconds, 3),
            "function": self.function,
            "prediction": self.prediction.as_json(),
            "reply": self.cold.reply,
            "timing": {"cold": self.cold.timing.as_json(), "warm": self.warm.timing.as_json()},
            "files": {name: str(path) for name, path in self.files.items()},
        }

    def write(self, path: Path) -> None:
        """Writes the JSON object to a file."""
        path.write_text(json.dumps(self.as_json(), indent=2, allow_nan=False) + "\n")


def numbers(logits: Sequence[float]) -> str:
    """The numbers, shortened, with their count."""
    shown = ", ".join(f"{logit:.3f}" for logit in logits[:_SHOWN])
    more = ", ..." if len(logits) > _SHOWN else ""
    return f"[[{shown}{more}]]  {len(logits)} numbers"


def answer_table(prediction: Prediction) -> Table:
    """The five likeliest classes."""
    table = _table("breed", "probability")
    for place, (label, share) in enumerate(prediction.top):
        table.add_row(plain_name(label), f"{share:.1%}", style="bold" if place == 0 else "")
    return table


def timing_table(cold: Answer, warm: Answer) -> Table:
    """Where each millisecond of the two calls went."""
    table = _table("where", "first call", "warm call", "what")
    first = {name: ms for name, ms, _ in cold.timing.rows()}
    second = {name: ms for name, ms, _ in warm.timing.rows()}
    for name, _, what in cold.timing.rows():
        table.add_row(name, _ms(first.get(name)), _ms(second.get(name)), what)
    table.add_row(
        "in all", _ms(cold.timing.client_ms), _ms(warm.timing.client_ms), "", style="bold"
    )
    return table


def summary_table(report: Report) -> Table:
    """The closing table."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    accuracy = f"{report.test_accuracy:.1%} of {report.data['test']} photos"
    table.add_row("test accuracy", f"{accuracy}, {report.data['classes']} classes", style="bold")
    if report.note:
        table.add_row("", report.note)
    diverged = sum(trial.diverged for trial in report.trials)
    said = f", {diverged} diverged" if diverged else ""
    table.add_row("trials", f"{len(report.trials)}{said}; best: {report.best_trial}")
    if any(trial.diverged and trial.name == report.best_trial for trial in report.trials):
        table.add_row("", "Even the best is no better than guessing, by its loss.", style="red")
    for name, seconds in report.steps.items():
        table.add_row(name, f"{seconds:.1f} s")
    table.add_row("in all", f"{report.seconds:.1f} s", style="bold")
    for name, path in report.files.items():
        table.add_row(f"plot of {name}", str(path))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, heading in enumerate(headings):
        right = place > 0 and heading != "what"
        table.add_column(heading, justify="right" if right else "left")
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"
