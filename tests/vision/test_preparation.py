from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from kennel.vision import backbones
from kennel.vision.cache import Cache
from kennel.vision.dataset import Dataset, read
from kennel.vision.errors import BackboneError
from kennel.vision.preparation import Preparation, prepare_fp32, prepare_int8
from kennel.vision.session import Session
from kennel.vision.views import pixels

NAME = "efficientnet-lite0"
COSINE = 0.95


@pytest.fixture
def data(photos: Path) -> Dataset:
    return read(str(photos))


@pytest.fixture
def images(data: Dataset) -> np.ndarray:
    every = [photo for split in data.splits.values() for photo in split]
    return np.stack([pixels(Path(photo.path).read_bytes(), photo.path, 224) for photo in every])


@pytest.fixture
def whole(cache_folder: Path) -> Preparation:
    return prepare_fp32(Cache(str(cache_folder)), NAME)


def features(model: bytes, images: np.ndarray) -> np.ndarray:
    session = Session(model)
    return np.concatenate([session.features(image[np.newaxis]) for image in images])


@pytest.fixture(scope="module")
def reference() -> backbones.Backbone:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return backbones.load(NAME)


def eager(reference: backbones.Backbone, images: np.ndarray) -> np.ndarray:
    mean, deviation = (
        torch.tensor(values).view(1, 3, 1, 1) for values in (reference.mean, reference.deviation)
    )
    values = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        found: np.ndarray = reference.module((values - mean) / deviation).numpy()
    return found


def test_onnx_and_eager_pytorch_have_the_same_features(whole, reference, images):
    some = images[:6]
    assert features(whole.model, some) == pytest.approx(eager(reference, some), abs=2e-3)


def test_int8_features_point_where_eager_pytorchs_do(cache_folder, whole, reference, data, images):
    """A guard against a broken quantisation, not a promise about answers: drawn dogs are far from
    what these networks know, and int8 changes more answers there than on photos. How many it
    changes on real photos, `real_photos.py` beside this file measures."""
    small = prepare_int8(Cache(str(cache_folder)), whole, data.splits["train"])
    assert len(small.model) < len(whole.model) / 3
    exact, quick = eager(reference, images), features(small.model, images)
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(quick, axis=1)
    assert ((exact * quick).sum(1) / lengths).mean() > COSINE


def test_a_backbone_is_built_once(cache_folder, whole, monkeypatch):
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("built again"))
    assert prepare_fp32(Cache(str(cache_folder)), NAME) == whole


def test_weights_given_as_a_file_make_another_key(tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode())
    digests = {backbones.weights_digest("timm/x", str(tmp_path / name)) for name in "ab"}
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [("lite2", "no backbone 'lite2'"), ("timm/", "no backbone"), ("../x", "no backbone")],
)
def test_an_unknown_backbone_is_refused(name, said):
    with pytest.raises(BackboneError, match=said):
        backbones.load(name)
