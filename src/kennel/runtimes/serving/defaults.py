"""What stands in for handlers that a script does not define: the PyTorch inference toolkit's own.

Source: default_pytorch_inference_handler.py of aws/sagemaker-pytorch-inference-toolkit. torch is
imported where it is used, so a script that defines every handler does not pay for it.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from kennel.runtimes.serving.codecs import TEXT_TYPES, UnsupportedFormatError, decode, encode

__all__ = [
    "ModelLoadError",
    "default_input_fn",
    "default_model_fn",
    "default_output_fn",
    "make_default_predict_fn",
]

_MODEL_FILE = "model.pt"


class ModelLoadError(Exception):
    """The model's file is not one that the default model_fn can load."""


def default_model_fn(model_dir: str) -> Any:
    """Loads model.pt, or the only .pt or .pth file there is, which must be TorchScript."""
    import torch

    path = os.path.join(model_dir, _MODEL_FILE)
    if not os.path.exists(path):
        entries = sorted(os.listdir(model_dir)) if os.path.isdir(model_dir) else []
        files = [name for name in entries if name.endswith((".pt", ".pth"))]
        if len(files) != 1:
            raise ValueError(
                f"Exactly one .pth or .pt file is required for PyTorch models: {files}. "
                "Put one into the model archive, or define model_fn in the inference script."
            )
        path = os.path.join(model_dir, files[0])
    device = _device(torch)
    try:
        model = torch.jit.load(path, map_location=device)
    except RuntimeError as error:
        raise ModelLoadError(
            f"Failed to load {path}. Please ensure model is saved using torchscript. "
            "A state_dict needs a model_fn in the inference script."
        ) from error
    return model.to(device)


def default_input_fn(body: Any, content_type: str | None) -> Any:
    """JSON and CSV become a tensor of float32, a numpy array one of its own type."""
    import numpy
    import torch

    array = decode(body, content_type)
    if content_type in TEXT_TYPES:
        array = numpy.asarray(array, dtype=numpy.float32)
    return torch.from_numpy(array).to(_device(torch))


def make_default_predict_fn() -> Any:
    """A predict_fn which calls the model without gradients, on the GPU if there is one.

    The toolkit moves the model and sets it to evaluation at every request, which walks through
    all its modules; once is enough.
    """
    import torch

    device = _device(torch)
    prepared: list[Any] = []

    def default_predict_fn(data: Any, model: Any) -> Any:
        if not prepared or prepared[0] is not model:
            prepared[:] = [model]
            model.to(device)
            model.eval()
        with torch.no_grad():
            return model(data.to(device))

    return default_predict_fn


def default_output_fn(prediction: Any, accept: str) -> tuple[str | bytes, str]:
    """The first of the accepted types that can be written. Raises UnsupportedFormatError."""
    torch = sys.modules.get("torch")  # without it, this is no tensor
    if torch is not None and isinstance(prediction, torch.Tensor):
        prediction = prediction.detach().cpu().tolist()
    for content_type in accept.replace(" ", "").split(","):
        encoded = encode(prediction, content_type)
        if encoded is not None:
            return encoded, content_type
    raise UnsupportedFormatError(accept)


def _device(torch: Any) -> Any:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
