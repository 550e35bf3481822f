"""The training script. What it prints is read by people and by metric expressions."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .arguments import Arguments, parse
from .cache import Cache, default_folder
from .dataset import SPLITS, Dataset, read
from .errors import DatasetError, PictureError, VisionError
from .features import FeatureStore, thread_count
from .head import Epoch, Head, Recipe, Score, score, train
from .model import save
from .precision import compare, labelled
from .preparation import Preparation, prepare_fp32, prepare_int8
from .report import ORIGIN_NOTE, confusion, finite, write
from .views import VIEWS, pixels

__all__ = ["main", "run"]


def main(typed: Sequence[str] | None = None) -> int:
    """Trains, and returns the exit code. A failure's sentence goes to the job's failure file."""
    arguments = parse(typed)
    try:
        run(arguments)
    except VisionError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        _tell_failure(arguments, str(error))
        return 1
    return 0


def run(arguments: Arguments) -> dict[str, Any]:
    """Does the whole training; returns what metrics.json holds but for the history. Raises
    VisionError."""
    started = time.monotonic()
    if arguments.views > len(VIEWS):
        raise DatasetError(f"There are {len(VIEWS)} views, not {arguments.views}.")
    data = read(arguments.data)
    counts = ", ".join(f"{len(data.splits[split]):,} {split}" for split in SPLITS)
    _say(f"{len(data.classes)} classes; photos: {counts}.", started)
    cache = Cache(default_folder())
    preparation, store = _choose_backbone(arguments, cache, data, started)
    features, labels = labelled(store, data.splits["train"], arguments.views)
    valid, truth = labelled(store, data.splits["valid"])
    _report_bad(arguments, data, store, preparation)
    _say(
        f"Features: {store.tally.computed:,} computed, {store.tally.found:,} found.",
        started,
    )
    cache.trim()
    recipe = Recipe(
        learning_rate=arguments.learning_rate,
        batch_size=arguments.batch_size,
        epochs=arguments.epochs,
        weight_decay=arguments.weight_decay,
        label_smoothing=arguments.label_smoothing,
        seed=arguments.seed,
    )
    head, history = train(recipe, features, labels, (valid, truth), len(data.classes), _say_epoch)
    validated = score(head.logits(valid), truth)
    print(
        f"final_validation_loss={validated.loss:.4f}; "
        f"final_validation_accuracy={validated.accuracy:.4f};",
        flush=True,
    )
    scores: dict[str, Any] = {"validation": _scored(validated, len(truth))}
    split, answers = "valid", head.logits(valid).argmax(1)
    if arguments.test_split == "evaluate" and data.splits["test"]:
        test, truth, tested = _test(store, data, head)
        scores["test"] = _scored(tested, len(truth))
        split, answers = "test", head.logits(test).argmax(1)
    metrics = {
        "seconds": round(time.monotonic() - started, 2),
        "recipe": asdict(recipe) | {"views": arguments.views},
        "backbone": preparation.described(),
        "features": asdict(store.tally),
        **scores,
    }
    save(arguments.model_dir, preparation, head, data.classes, data.labels, scores)
    matrix = confusion(truth, answers, len(data.classes))
    write(arguments.output_dir, data.labels, history, matrix, split, metrics)
    _say("Done.", started)
    return metrics


def _choose_backbone(
    arguments: Arguments, cache: Cache, data: Dataset, started: float
) -> tuple[Preparation, FeatureStore]:
    """The backbone in the precision that was asked for, or that is good enough."""
    workers = thread_count(arguments.workers)
    whole = prepare_fp32(cache, arguments.backbone, arguments.backbone_weights)
    exact = FeatureStore(cache, whole, workers)
    _say(f"Backbone: {whole.name}, {whole.size} pixels, {whole.dimensions} features.", started)
    if arguments.precision == "fp32":
        return whole, exact
    small = prepare_int8(cache, whole, data.splits["train"])
    quick = FeatureStore(cache, small, workers)
    _say(f"int8: {len(small.model):,} bytes instead of {len(whole.model):,}.", started)
    if arguments.precision == "int8":
        return small, quick
    comparison = compare(cache, data, quick, exact, small)
    chosen = "int8" if comparison.is_int8_good_enough else "fp32"
    _say(
        f"Precision: {chosen} (validation accuracy of one head on int8 features "
        f"{comparison.int8:.4f}, on fp32 features {comparison.fp32:.4f}).",
        started,
    )
    return (small, quick) if comparison.is_int8_good_enough else (whole, exact)


def _report_bad(
    arguments: Arguments, data: Dataset, store: FeatureStore, preparation: Preparation
) -> None:
    """Says which photos were left out and why, or ends the job with the first."""
    bad: list[PictureError] = []
    for split in SPLITS:
        photos = data.splits[split]
        missing = store.features(photos, VIEWS[0])[:, :1]
        for photo, is_bad in zip(photos, (missing != missing).any(1), strict=True):
            if not is_bad:
                continue
            try:
                with open(photo.path, "rb") as file:
                    pixels(file.read(), photo.path, preparation.size)
            except PictureError as error:
                bad.append(error)
    if bad and arguments.on_bad_image == "fail":
        raise bad[0]
    for fault in bad[:10]:
        print(f"Skipped: {fault}", flush=True)
    if bad:
        print(f"skipped_images={len(bad)};", flush=True)


def _test(store: FeatureStore, data: Dataset, head: Head) -> tuple[Any, Any, Score]:
    """The test photos' only use: after all choices are made."""
    test, truth = labelled(store, data.splits["test"])
    tested = score(head.logits(test), truth)
    print(f"Testing Loss: {tested.loss:.4f}", flush=True)
    print(f"Testing Accuracy: {tested.accuracy:.4f}", flush=True)
    print(ORIGIN_NOTE, flush=True)
    return test, truth, tested


def _scored(value: Score, photos: int) -> dict[str, Any]:
    return {"loss": finite(value.loss), "accuracy": value.accuracy, "photos": photos}


def _say(text: str, started: float) -> None:
    print(f"[{time.monotonic() - started:6.1f} s] {text}", flush=True)


def _say_epoch(epoch: Epoch) -> None:
    print(
        f"epoch={epoch.number}; train_loss={epoch.training.loss:.4f}; "
        f"train_accuracy={epoch.training.accuracy:.4f}; "
        f"validation_loss={epoch.validation.loss:.4f}; "
        f"validation_accuracy={epoch.validation.accuracy:.4f};",
        flush=True,
    )


def _tell_failure(arguments: Arguments, reason: str) -> None:
    """SageMaker reads a job's failure reason from this file, beside the output folder."""
    environment = json.loads(os.environ.get("SM_TRAINING_ENV") or "{}")
    folder = environment.get("output_dir")
    if folder and os.path.isdir(folder):
        with open(os.path.join(folder, "failure"), "w", encoding="utf-8") as file:
            file.write(reason)


if __name__ == "__main__":
    sys.exit(main())
