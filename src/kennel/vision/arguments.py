"""The training script's arguments; hyperparameters of a job arrive as these."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Arguments", "parse"]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a run is asked for. See `parse` for each one's meaning."""

    learning_rate: float
    batch_size: int
    epochs: int
    weight_decay: float
    label_smoothing: float
    backbone: str
    backbone_weights: str
    precision: str
    views: int
    on_bad_image: str
    test_split: str
    seed: int
    workers: int
    data: str
    model_dir: str
    output_dir: str


def parse(typed: Sequence[str] | None = None) -> Arguments:
    """Reads the arguments. Ends the process with code 2 and a sentence for bad ones."""
    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Trains an image classifier on the features of a frozen, pretrained backbone.",
    )
    # Tuners name hyperparameters with underscores as often as with hyphens.
    add = parser.add_argument
    add("--learning-rate", "--learning_rate", type=_positive, default=0.01)
    add("--batch-size", "--batch_size", type=_count, default=64)
    add("--epochs", type=_count, default=12)
    add("--weight-decay", "--weight_decay", type=_fraction, default=3e-3)
    add("--label-smoothing", "--label_smoothing", type=_fraction, default=0.0)
    add(
        "--backbone",
        default="efficientnet-lite2",
        help="efficientnet-lite0, -lite1, -lite2; torchvision/NAME; timm/NAME",
    )
    add("--backbone-weights", "--backbone_weights", default="", help="a state_dict on this disk")
    add(
        "--precision",
        choices=("auto", "int8", "fp32"),
        default="auto",
        help="auto: int8 where it costs at most 0.5 points of validation accuracy",
    )
    add("--views", type=_count, default=1, help="of each training photo: 1 to 6")
    add("--on-bad-image", "--on_bad_image", choices=("skip", "fail"), default="skip")
    add(
        "--test-split",
        "--test_split",
        choices=("evaluate", "skip"),
        default="evaluate",
        help="trials of a tuning job skip it, so that nothing can be tuned on it",
    )
    add("--seed", type=int, default=0)
    add("--workers", type=int, default=0, help="0: as many as there are threads for this job")
    add("--data", default=os.environ.get("SM_CHANNEL_TRAINING", ""))
    add("--model-dir", "--model_dir", default=os.environ.get("SM_MODEL_DIR", "model"))
    add("--output-dir", "--output_dir", default=os.environ.get("SM_OUTPUT_DATA_DIR", "output"))
    arguments = parser.parse_args(typed)
    if not arguments.data:
        parser.error("name the folder with train/, valid/ and test/: --data or SM_CHANNEL_TRAINING")
    return Arguments(**vars(arguments))


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _fraction(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to below 1")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value
