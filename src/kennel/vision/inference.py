"""The inference script: the four functions of the inference toolkit's contract.

In: image/jpeg, image/png, or application/json with {"url": link}. Out: a nested list of logits, or,
where `Accept` says application/json;verbose, an object with label, probability, the five likeliest
and the logits.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .errors import RequestError
from .head import Floats
from .links import LinkFetcher
from .model import Classifier, load

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]

_PICTURES = ("image/jpeg", "image/jpg", "image/png")
_JSON = "application/json"
_TOP = 5
_FETCHER = LinkFetcher()
_LONGEST_NAME = 200


class _Prediction:
    """Logits (1, classes) with what they are about."""

    __slots__ = ("labels", "logits")

    def __init__(self, logits: Floats, labels: Any) -> None:
        self.logits = logits
        self.labels = labels


def model_fn(model_dir: str) -> Classifier:
    """Loads the model; starts no thread."""
    return load(model_dir)


def input_fn(body: Any, content_type: str | None) -> tuple[str, bytes]:
    """A name for the photo and its bytes. Raises RequestError and LinkError."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind in _PICTURES:
        return "The photo", bytes(body)
    if kind == _JSON:
        link = _link(body)
        return link[:_LONGEST_NAME], _FETCHER.fetch(link)
    raise RequestError(
        f"The content type {content_type} is not taken. Send image/jpeg, image/png, or "
        f'{_JSON} with {{"url": "https://…"}}.'
    )


def predict_fn(photo: tuple[str, bytes], model: Classifier) -> _Prediction:
    """Raises PictureError."""
    name, data = photo
    return _Prediction(model.logits(data, name), model.labels)


def output_fn(prediction: _Prediction, accept: str | None) -> tuple[str, str]:
    """The reply and its content type. Raises RequestError for a type that it can't be."""
    wanted = [part.strip().lower().replace(" ", "") for part in (accept or _JSON).split(",")]
    for kind in wanted:
        if kind == f"{_JSON};verbose":
            return json.dumps(_described(prediction)), _JSON
        if kind.partition(";")[0] in (_JSON, "application/*", "*/*"):
            return json.dumps(_numbers(prediction.logits)), _JSON
    raise RequestError(f"The reply can't be {accept}. Accept {_JSON} or {_JSON};verbose.")


def _link(body: Any) -> str:
    try:
        request = json.loads(body)
    except (ValueError, UnicodeDecodeError) as error:
        raise RequestError(f"The request is no JSON: {error}.") from error
    link = request.get("url") if isinstance(request, dict) else None
    if not isinstance(link, str):
        raise RequestError('The request has no link. Send {"url": "https://…"}.')
    return link


def _described(prediction: _Prediction) -> dict[str, Any]:
    logits = prediction.logits[0].astype(np.float64)
    odds = np.exp(logits - logits.max())
    probabilities = odds / odds.sum()
    best = np.argsort(-probabilities)[:_TOP]
    top = [
        {"label": prediction.labels[index], "probability": float(probabilities[index])}
        for index in best
    ]
    return {
        **top[0],
        "top": top,
        "logits": _numbers(prediction.logits),
        "labels": list(prediction.labels),
    }


def _numbers(logits: Floats) -> list[list[float]]:
    rows: list[list[float]] = logits.tolist()
    return rows
