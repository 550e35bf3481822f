"""The recipe's promises on real photos, which are not part of the project.

`make test-real PHOTOS=DIR`, where the folder holds train/, valid/ and test/. It takes minutes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from kennel.vision import backbones
from kennel.vision.cache import Cache
from kennel.vision.dataset import read
from kennel.vision.features import FeatureStore, thread_count
from kennel.vision.precision import labelled
from kennel.vision.preparation import prepare_fp32, prepare_int8
from tests.vision.conftest import run_training

PHOTOS = Path(os.environ["KENNEL_DOGS"])


def test_int8_gives_the_default_backbones_own_answer_on_97_of_100_photos(tmp_path):
    """Every validation photo counts, also those where the network is in two minds."""
    cache, data = Cache(str(tmp_path)), read(str(PHOTOS))
    whole = prepare_fp32(cache, backbones.DEFAULT)
    small = prepare_int8(cache, whole, data.splits["train"])
    classifier = backbones.load(backbones.DEFAULT).module.network._fc
    weights = classifier.weight.detach().numpy().T
    bias = classifier.bias.detach().numpy()
    answers = [
        (labelled(FeatureStore(cache, one, thread_count()), data.splits["valid"])[0] @ weights)
        + bias
        for one in (whole, small)
    ]
    assert (answers[0].argmax(1) == answers[1].argmax(1)).mean() >= 0.97


def test_the_test_photos_are_recognised(tmp_path):
    """With the settings that did best on validation."""
    arguments = ("--backbone", backbones.DEFAULT, "--learning-rate", "0.004", "--batch-size", "32")
    done = run_training(tmp_path, PHOTOS, tmp_path / "cache", *arguments)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "output" / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] >= 0.78
    assert metrics["validation"]["accuracy"] == pytest.approx(0.79, abs=0.03)
    assert np.isfinite(metrics["test"]["loss"])
