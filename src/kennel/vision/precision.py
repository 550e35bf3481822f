"""Whether int8 is good enough: measured on the validation photos, decided once, kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from .cache import Cache
from .dataset import Dataset, Photo
from .features import FeatureStore
from .head import Floats, Labels, Recipe, score, train
from .preparation import Preparation
from .views import VIEWS

__all__ = ["MAX_LOSS", "Comparison", "compare", "labelled"]

MAX_LOSS = 0.005  # of accuracy, a fraction

# Plain settings in the middle of the usual ranges: the question is about the features.
_JUDGE = Recipe(
    learning_rate=0.01,
    batch_size=128,
    epochs=8,
    weight_decay=3e-3,
    label_smoothing=0.0,
    seed=0,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Validation accuracies of one head, trained on int8 features, on features of both kinds."""

    int8: float
    fp32: float

    @property
    def is_int8_good_enough(self) -> bool:
        return self.int8 >= self.fp32 - MAX_LOSS


def compare(
    cache: Cache, data: Dataset, int8: FeatureStore, fp32: FeatureStore, key: Preparation
) -> Comparison:
    """Computes, or finds, the comparison for this data. int8's features of the training and
    validation photos are computed on the way, fp32's of the validation photos alone."""
    entry = f"precision/{key.key}/{_digest(data)}"
    with cache.lock(entry):
        content = cache.read(entry)
        if content is not None:
            return Comparison(**json.loads(content))
        features, labels = labelled(int8, data.splits["train"])
        valid = data.splits["valid"]
        quick, truth = labelled(int8, valid)
        exact, _ = labelled(fp32, valid)
        head, _ = train(_JUDGE, features, labels, (quick, truth), len(data.classes))
        comparison = Comparison(
            int8=score(head.logits(quick), truth).accuracy,
            fp32=score(head.logits(exact), truth).accuracy,
        )
        cache.write(entry, json.dumps(asdict(comparison)).encode())
        return comparison


def labelled(store: FeatureStore, photos: Sequence[Photo], views: int = 1) -> tuple[Floats, Labels]:
    """Features and labels of those photos that can be decoded, one view after the other."""
    labels = np.array([photo.label for photo in photos], np.int64)
    parts = []
    for view in VIEWS[:views]:
        features = store.features(photos, view)
        readable = ~np.isnan(features[:, :1]).any(1)
        parts.append((features[readable], labels[readable]))
    return (
        np.concatenate([features for features, _ in parts]),
        np.concatenate([truth for _, truth in parts]),
    )


def _digest(data: Dataset) -> str:
    photos = sorted(
        photo.digest + photo.label.to_bytes(4, "big")
        for split in ("train", "valid")
        for photo in data.splits[split]
    )
    return hashlib.sha256(b"".join(photos)).hexdigest()[:24]
