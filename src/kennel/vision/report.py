"""What a training leaves in its output folder, for people and for programs.

metrics.json      scores, settings, history, accuracy by class
history.csv       a line an epoch
classes.csv       a line a class: photos, right ones, accuracy
confusion.json    the matrix with its labels; rows are the truth, columns the answers
confusion.csv     the same
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .head import Epoch, Labels

__all__ = ["ORIGIN_NOTE", "confusion", "finite", "write"]

ORIGIN_NOTE = (
    "The backbone was trained on ImageNet. Where the photos come from ImageNet too, as most "
    "public dog photos do, it has seen many of them, and the accuracy says less."
)


def confusion(truth: Labels, answers: Labels, classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (truth, answers), 1)
    return matrix


def finite(value: float) -> float | None:
    """JSON knows no NaN and no infinity: those become null."""
    return value if math.isfinite(value) else None


def write(
    folder: str,
    labels: Sequence[str],
    history: Sequence[Epoch],
    matrix: NDArray[np.int64],
    split: str,
    metrics: Mapping[str, Any],
) -> None:
    """Writes all files. `split` says on which photos the matrix was counted."""
    os.makedirs(folder, exist_ok=True)
    photos, right = matrix.sum(1), matrix.diagonal()
    by_class = [
        {
            "label": label,
            "photos": int(count),
            "right": int(good),
            "accuracy": float(good / count) if count else None,
        }
        for label, count, good in zip(labels, photos, right, strict=True)
    ]
    rows = [_row(epoch) for epoch in history]
    about = {
        **metrics,
        "note": ORIGIN_NOTE,
        "history": [{name: finite(value) for name, value in row.items()} for row in rows],
        "by_class": {"split": split, "classes": by_class},
    }
    _json(os.path.join(folder, "metrics.json"), about)
    _json(
        os.path.join(folder, "confusion.json"),
        {"split": split, "labels": list(labels), "matrix": matrix.tolist()},
    )
    _csv(os.path.join(folder, "history.csv"), list(rows[0]), (list(row.values()) for row in rows))
    _csv(
        os.path.join(folder, "classes.csv"),
        ["label", "photos", "right", "accuracy"],
        (list(row.values()) for row in by_class),
    )
    _csv(
        os.path.join(folder, "confusion.csv"),
        ["truth", *labels],
        ([label, *counts] for label, counts in zip(labels, matrix.tolist(), strict=True)),
    )


def _row(epoch: Epoch) -> dict[str, float]:
    return {
        "epoch": epoch.number,
        "train_loss": epoch.training.loss,
        "train_accuracy": epoch.training.accuracy,
        "validation_loss": epoch.validation.loss,
        "validation_accuracy": epoch.validation.accuracy,
    }


def _json(path: str, value: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, allow_nan=False)


def _csv(path: str, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(rows)
