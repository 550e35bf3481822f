"""The plain loop: how the usual script trains a head on a frozen network, photo by photo, epoch by
epoch, in eager PyTorch.

As a program it takes a backbone's name and a data folder. It reads a number of batches from each
line of its input, trains on so many, and answers with the seconds and the processor time of each
photo: decoding, the frozen network's forward pass, the head's step.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import torch
from PIL import Image

from kennel.vision import backbones

__all__: list[str] = []

BATCH = 32
_HIDDEN = 128
_RATE = 0.01


class _Loop:
    def __init__(self, name: str, folder: Path) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            self._backbone = backbones.load(name)
        self._network = self._backbone.module.eval()
        for parameter in self._network.parameters():
            parameter.requires_grad_(False)
        classes = sorted(path.name for path in folder.iterdir())
        files = sorted(folder.glob("*/*"), key=lambda path: path.name[::-1])
        self._photos = _endless([(path, classes.index(path.parent.name)) for path in files])
        self._mean = torch.tensor(self._backbone.mean).view(3, 1, 1)
        self._deviation = torch.tensor(self._backbone.deviation).view(3, 1, 1)
        width = self._features([next(self._photos)[0]]).shape[1]
        self._head = torch.nn.Sequential(
            torch.nn.Linear(width, _HIDDEN), torch.nn.ReLU(), torch.nn.Linear(_HIDDEN, len(classes))
        )
        self._optimizer = torch.optim.Adam(self._head.parameters(), lr=_RATE)

    def train(self, batches: int) -> dict[str, float]:
        """Seconds and processor seconds of a photo."""
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(batches):
            photos = [next(self._photos) for _ in range(BATCH)]
            logits = self._head(self._features([path for path, _ in photos]))
            truth = torch.tensor([label for _, label in photos])
            loss = torch.nn.functional.cross_entropy(logits, truth)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
        photo = batches * BATCH
        return {
            "seconds": (time.perf_counter() - wall) / photo,
            "cpu": (time.process_time() - cpu) / photo,
        }

    def _features(self, paths: list[Path]) -> Any:
        return self._network(torch.stack([self._pixels(path) for path in paths]))

    def _pixels(self, path: Path) -> Any:
        size = self._backbone.size
        with Image.open(path) as picture:
            square = picture.convert("RGB").resize((size, size))
        pixels = torch.from_numpy(numpy.array(square)).permute(2, 0, 1).float() / 255.0
        return (pixels - self._mean) / self._deviation


def _endless(photos: list[Any]) -> Iterator[Any]:
    while True:
        yield from photos


def _main(backbone: str, data: str) -> None:
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    loop = _Loop(backbone, Path(data) / "train")
    loop.train(1)
    print("ready", file=out)
    for line in sys.stdin:
        print(json.dumps(loop.train(int(line))), file=out)


if __name__ == "__main__":
    _main(*sys.argv[1:])
