"""A backbone's ONNX file, made once and kept."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .backbones import weights_digest
from .cache import Cache
from .dataset import Photo
from .errors import BackboneError

__all__ = ["Preparation", "prepare_fp32", "prepare_int8"]

_FORMAT = "1"  # another one when `building` gives other files for the same task
CALIBRATION_PHOTOS = 32


@dataclass(frozen=True, slots=True)
class Preparation:
    """`model` is the ONNX file's bytes; `key` tells it from every other.

    An image is (byte / 255 - mean) / deviation, by channel, which the model itself does.
    """

    key: str
    name: str
    precision: str
    size: int
    dimensions: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    model: bytes

    def described(self) -> dict[str, Any]:
        """All but the model, for JSON."""
        return {name: value for name, value in asdict(self).items() if name != "model"}


def prepare_fp32(cache: Cache, name: str, weights: str = "") -> Preparation:
    """The backbone as it is. Raises BackboneError."""
    key = _key("fp32", name, weights_digest(name, weights))

    def build(target: str) -> dict[str, Any]:
        return _build(kind="export", name=name, weights=weights, target=target)

    return _kept(cache, key, name, "fp32", build)


def prepare_int8(cache: Cache, whole: Preparation, train: Sequence[Photo]) -> Preparation:
    """The backbone in static int8. Calibrated with the training photos of the smallest digests:
    a fair sample, and mostly the same one when photos come and go."""
    sample = sorted(train, key=lambda photo: photo.digest)[:CALIBRATION_PHOTOS]
    key = _key("int8", whole.key, *(photo.digest.hex() for photo in sample))

    def build(target: str) -> dict[str, Any]:
        source = f"{target}.source"
        with open(source, "wb") as file:
            file.write(whole.model)
        photos = [photo.path for photo in sample]
        _build(kind="int8", source=source, target=target, size=whole.size, photos=photos)
        return {
            "size": whole.size,
            "dimensions": whole.dimensions,
            "mean": whole.mean,
            "deviation": whole.deviation,
        }

    return _kept(cache, key, whole.name, "int8", build)


def _key(*parts: str) -> str:
    text = json.dumps([_FORMAT, _runtime_version(), *parts])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _runtime_version() -> str:
    from importlib.metadata import version

    return version("onnxruntime")


def _kept(cache: Cache, key: str, name: str, precision: str, build: Any) -> Preparation:
    entry = f"backbones/{key}"
    with cache.lock(entry):
        content = cache.read(entry)
        if content is None:
            with tempfile.TemporaryDirectory() as folder:
                target = os.path.join(folder, "backbone.onnx")
                about = json.dumps(build(target)).encode()
                with open(target, "rb") as file:
                    content = about + b"\n" + file.read()
            cache.write(entry, content)
    about, _, model = content.partition(b"\n")
    values = json.loads(about)
    return Preparation(
        key=key,
        name=name,
        precision=precision,
        size=values["size"],
        dimensions=values["dimensions"],
        mean=tuple(values["mean"]),
        deviation=tuple(values["deviation"]),
        model=model,
    )


def _build(**task: Any) -> dict[str, Any]:
    """Runs `building` on a task."""
    package = __package__ or "vision"
    folder = os.path.dirname(os.path.abspath(__file__))
    for _ in package.split("."):
        folder = os.path.dirname(folder)
    path = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", f"{package}.building"],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    if done.returncode:
        raise BackboneError(
            f"The backbone can't be built; its process ended with {done.returncode}: "
            f"{done.stderr.strip()[-2000:]}"
        )
    result: dict[str, Any] = json.loads(done.stdout)
    if "error" in result:
        raise BackboneError(result["error"])
    return result
