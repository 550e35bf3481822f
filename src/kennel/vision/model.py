"""The folder that is served: everything that a photo needs to become logits.

model.json        labels, the backbone's description with its normalisation, the view, scores
backbone.onnx     pixels to features
head.npz          features to logits
code/             the inference script, so that a model needs no source archive of its own
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .archive import write_source
from .errors import ModelError
from .head import Floats, Head
from .preparation import Preparation
from .session import Session
from .views import VIEWS, View, pixels

__all__ = ["Classifier", "load", "save"]

_FORMAT = 1
_ABOUT = "model.json"
_BACKBONE = "backbone.onnx"
_HEAD = "head.npz"


@dataclass(frozen=True, slots=True)
class Classifier:
    """A loaded model. It starts no thread, so a process that holds it may be forked."""

    session: Session
    head: Head
    labels: Sequence[str]
    size: int
    view: View

    def logits(self, photo: bytes, name: str) -> Floats:
        """(1, classes) from a photo's bytes; `name` stands for it in errors. Raises
        PictureError."""
        image = pixels(photo, name, self.size, self.view)
        return self.head.logits(self.session.features(image[np.newaxis]))


def save(
    folder: str,
    preparation: Preparation,
    head: Head,
    classes: Sequence[str],
    labels: Sequence[str],
    scores: Mapping[str, Any],
) -> None:
    """Writes the folder."""
    os.makedirs(folder, exist_ok=True)
    about = {
        "format": _FORMAT,
        "classes": list(classes),
        "labels": list(labels),
        "backbone": preparation.described(),
        "view": asdict(VIEWS[0]),
        "scores": dict(scores),
    }
    with open(os.path.join(folder, _BACKBONE), "wb") as file:
        file.write(preparation.model)
    np.savez(os.path.join(folder, _HEAD), weights=head.weights, bias=head.bias)
    with open(os.path.join(folder, _ABOUT), "w", encoding="utf-8") as text:
        json.dump(about, text, indent=1)
    write_source(os.path.join(folder, "code"))


def load(folder: str) -> Classifier:
    """Reads the folder and runs the backbone once, on grey. Raises ModelError."""
    try:
        with open(os.path.join(folder, _ABOUT), encoding="utf-8") as file:
            about = json.load(file)
        with np.load(os.path.join(folder, _HEAD), allow_pickle=False) as arrays:
            head = Head(arrays["weights"], arrays["bias"])
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder} is no model of this recipe: it has no {os.path.basename(error.filename)}."
        ) from error
    if about["format"] != _FORMAT:
        raise ModelError(f"{folder} has format {about['format']}; this script reads {_FORMAT}.")
    view = about["view"]
    size = int(about["backbone"]["size"])
    session = Session(os.path.join(folder, _BACKBONE))
    session.features(np.full((1, size, size, 3), 127, np.uint8))
    return Classifier(
        session=session,
        head=head,
        labels=about["labels"],
        size=size,
        view=View(view["name"], tuple(view["box"]), view["is_mirrored"]),
    )
