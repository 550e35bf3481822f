"""Makes a backbone's ONNX files: the export from PyTorch, and static int8 from that.

Runs as a process of its own (`python -m vision.building`, the task as JSON on standard input), so
that a trial whose backbone is there already never imports PyTorch, and what the exporters keep in
memory goes with it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import backbones
from .errors import PictureError, VisionError
from .session import INPUT, OUTPUT
from .views import pixels

__all__ = ["export", "main", "quantise"]

_OPSET = 17


def export(name: str, weights: str, target: str) -> dict[str, Any]:
    """Writes the network, its normalisation in front, to `target`; returns what it is like."""
    import torch

    torch.set_num_threads(1)
    backbone = backbones.load(name, weights)
    mean = torch.tensor(backbone.mean).view(1, 3, 1, 1) * 255
    scale = 1 / (torch.tensor(backbone.deviation).view(1, 3, 1, 1) * 255)

    class FromPixels(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = backbone.module

        def forward(self, images: Any) -> Any:
            return self.network((images.permute(0, 3, 1, 2).float() - mean) * scale)

    module = FromPixels().eval()
    example = torch.zeros(1, backbone.size, backbone.size, 3, dtype=torch.uint8)
    with torch.inference_mode():
        features = module(example)
    if features.dim() != 2:
        shape = tuple(features.shape)
        raise VisionError(f"{name} gives {shape} instead of one vector a photo. Name another.")
    with warnings.catch_warnings():
        # The exporter built on tracing takes a third of the newer one's time.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            target,
            dynamo=False,
            opset_version=_OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "n"}, OUTPUT: {0: "n"}},
        )
    return {
        "size": backbone.size,
        "mean": list(backbone.mean),
        "deviation": list(backbone.deviation),
        "dimensions": int(features.shape[1]),
    }


def quantise(source: str, target: str, size: int, photos: Sequence[str]) -> None:
    """Writes int8 of `source`: weights by channel, activations by the ranges that the calibration
    photos bring about."""
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Photos(CalibrationDataReader):
        def __init__(self) -> None:
            self._left = iter(photos)

        def get_next(self) -> dict[str, Any] | None:
            for path in self._left:
                try:
                    with open(path, "rb") as file:
                        return {INPUT: pixels(file.read(), path, size)[np.newaxis]}
                except PictureError:
                    continue
            return None

    model = onnx.load(source)
    del model.graph.value_info[:]  # stale shapes, which the quantiser would believe
    logging.getLogger().setLevel(logging.ERROR)  # its advice to pre-process, which this is
    quantize_static(
        model,
        target,
        Photos(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def main() -> int:
    """Does the task on standard input; its result is JSON on standard output."""
    task = json.load(sys.stdin)
    result: dict[str, Any] = {}
    try:
        with contextlib.redirect_stdout(sys.stderr):
            if task["kind"] == "export":
                result = export(task["name"], task["weights"], task["target"])
            else:
                quantise(task["source"], task["target"], task["size"], task["photos"])
    except VisionError as error:
        result = {"error": str(error)}
    json.dump(result, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
