"""The recipe against the plain loop, and its model on an endpoint."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.row import Row, Series
from kennel.vision.drawing import draw_dataset
from tests.planes import clean_environment

__all__ = ["measure_training", "recipe_model"]

PART = "recipe"
_BACKBONE = "efficientnet-lite2"
_EPOCHS = 10
_SLICES = 3  # of the plain loop, a batch each; quick: one
_TARGET = 1 / 20  # of the plain loop's time


def measure_training(bench: Bench, model: Path) -> Iterator[Row]:
    """Ten epochs, from nothing to a saved model in `model`, beside the plain loop on the same
    photos and backbone. Of that a few batches are run, and ten epochs are reckoned from them."""
    data = bench.data
    if data is None:
        data = bench.folder / "drawn"
        draw_dataset(data, breeds=40 if bench.quick else 133, train=3, valid=1, test=0)
    photos = sum(1 for split in ("train", "valid") for _ in (data / split).glob("*/*"))
    seconds, cpu = _train(bench, data, model)
    plain = _plain(data, 1 if bench.quick else _SLICES)
    passes = _EPOCHS * photos
    ours = f"{_EPOCHS} epochs of {photos:,} photos"
    for name, whole, slices in (
        (ours, seconds, [one["seconds"] for one in plain]),
        (f"{ours}: CPU", cpu, [one["cpu"] for one in plain]),
    ):
        yield Row(
            PART,
            Series(name, (whole,), "s"),
            Series.of("plain loop, reckoned", [each * passes for each in slices], "s"),
            target=_TARGET,
            target_is_ratio=True,
        )


def recipe_model(model: Path) -> bytes:
    """The trained folder as an endpoint's archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        tar.add(model, arcname=".")
    return buffer.getvalue()


def _train(bench: Bench, data: Path, model: Path) -> tuple[float, float]:
    """Runs the training script with an empty cache: seconds, and processor seconds."""
    command = [sys.executable, "-m", "kennel.vision.training", "--backbone", _BACKBONE]
    command += ["--epochs", str(_EPOCHS), "--data", str(data), "--test-split", "skip"]
    command += ["--model-dir", str(model), "--output-dir", str(bench.folder / "recipe-output")]
    cache = str(bench.folder / "recipe-cache")
    log = bench.folder / "recipe.log"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with log.open("wb") as output:
        environment = clean_environment() | {"KENNEL_CACHE_DIR": cache}
        done = subprocess.run(command, stdout=output, stderr=output, env=environment, check=False)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"the recipe ended with {done.returncode}:\n{log.read_text()[-2000:]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _plain(data: Path, slices: int) -> list[dict[str, float]]:
    """What a photo costs the plain loop once an epoch, in each slice."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.plain_loop", _BACKBONE, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=os.fspath(Path(__file__).parent.parent),
    )
    answers, _ = process.communicate("1\n" * slices)
    if process.returncode:
        raise RuntimeError(f"the plain loop ended with {process.returncode}")
    return [json.loads(line) for line in answers.splitlines()[1:]]
