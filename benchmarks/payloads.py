"""What is sent and what answers: a photo's bytes and three small models."""

from __future__ import annotations

import io
import textwrap

import numpy
from PIL import Image, ImageDraw, ImageFilter

from tests.integration.model_archives import archive

__all__ = ["echo_model", "photo", "small_model"]

_SIZE = (640, 480)
_BYTES = 98_000  # of a photo at this size, as cameras' exports have them

_ECHO = """\
    def model_fn(model_dir):
        return None

    def transform_fn(model, body, content_type, accept):
        return str(len(body)), "application/json"
    """

# Eight milliseconds of convolutions on one core, and a photo's decoding before it: what a small
# classifier costs that somebody took care of.
_SMALL = """\
    import io
    import json

    import numpy
    import torch
    from PIL import Image


    def model_fn(model_dir):
        torch.manual_seed(7)
        torch.set_num_threads(1)
        layers, width = [], 3
        for planes in (24, 48, 96, 96):
            layers += [torch.nn.Conv2d(width, planes, 3, stride=2, padding=1), torch.nn.ReLU()]
            width = planes
        layers += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(width, 133)]
        return torch.nn.Sequential(*layers).eval()


    def input_fn(body, content_type):
        picture = Image.open(io.BytesIO(body)).convert("RGB").resize((224, 224))
        return torch.from_numpy(numpy.array(picture)).permute(2, 0, 1)[None].float() / 255.0


    def predict_fn(data, model):
        with torch.inference_mode():
            return model(data)


    def output_fn(prediction, accept):
        return json.dumps(prediction.tolist()), "application/json"
    """


def echo_model() -> bytes:
    """A model that answers its request's length."""
    return archive({"code/inference.py": textwrap.dedent(_ECHO)})


def small_model() -> bytes:
    """A convolutional network that looks at photos, weights drawn at random."""
    return archive({"code/inference.py": textwrap.dedent(_SMALL)})


def photo(seed: int = 7) -> bytes:
    """A JPEG of about 98 KB with a photo's mixture of areas, edges and grain."""
    random = numpy.random.default_rng(seed)
    field = random.integers(0, 255, (12, 16, 3), dtype=numpy.uint8)
    picture = Image.fromarray(field).resize(_SIZE, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y, width, height = (int(value) for value in random.integers(0, (*_SIZE, 90, 90)))
        colour = (*(int(value) for value in random.integers(0, 255, 3)),)
        pen.ellipse((x, y, x + width, y + height), fill=colour)
    smooth = numpy.asarray(picture.filter(ImageFilter.GaussianBlur(1))).astype(int)
    grain = random.normal(0, 9, (_SIZE[1], _SIZE[0], 1)).astype(int)
    rough = Image.fromarray((smooth + grain).clip(0, 255).astype(numpy.uint8))
    versions = []
    for quality in range(60, 98, 2):
        file = io.BytesIO()
        rough.save(file, "JPEG", quality=quality)
        versions.append(file.getvalue())
    return min(versions, key=lambda version: abs(len(version) - _BYTES))
