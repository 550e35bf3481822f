"""What stands in for handlers that a script does not define, by the toolkit of its image."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kennel.runtimes.serving import defaults
from kennel.runtimes.serving.codecs import CSV, JSON, TEXT_TYPES, UnsupportedFormatError, decode

__all__ = ["Toolkit", "toolkit"]

_Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Toolkit:
    """The default handlers. `make_predict_fn` is called where the script has no predict_fn;
    `libraries` are what the default input_fn needs, to be imported before the fork."""

    model_fn: _Function
    input_fn: _Function
    make_predict_fn: Callable[[], _Function]
    output_fn: _Function
    libraries: tuple[str, ...]


def toolkit(framework: str) -> Toolkit:
    """The toolkit of an image's framework; PyTorch's where no other is known."""
    return _TOOLKITS.get(framework, _PYTORCH)


def _sklearn_model_fn(model_dir: str) -> Any:
    raise NotImplementedError(
        "Please provide a model_fn implementation. The toolkit for scikit-learn has none: define "
        "model_fn(model_dir) in the inference script, for example with joblib.load."
    )


def _sklearn_input_fn(body: Any, content_type: str | None) -> Any:
    import numpy

    array = decode(body, content_type)
    return array.astype(numpy.float32) if content_type in TEXT_TYPES else array


def _sklearn_predict_fn(data: Any, model: Any) -> Any:
    return model.predict(data)


def _huggingface_model_fn(model_dir: str) -> Any:
    """The pipeline of the task that HF_TASK names."""
    try:
        import transformers  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise ImportError(
            f"The default model_fn of Hugging Face's toolkit needs transformers ({error}). Name it "
            "in a requirements.txt beside the inference script, or define model_fn there."
        ) from error
    task = os.environ.get("HF_TASK")
    if not task:
        raise ValueError(
            "Set HF_TASK in the model's environment to the pipeline's task, such as "
            "text-classification, or define model_fn in the inference script."
        )
    return transformers.pipeline(task=task, model=model_dir)


def _huggingface_input_fn(body: Any, content_type: str | None) -> Any:
    """JSON as it is; CSV as {"inputs": its rows}."""
    import csv
    import io
    import json

    if content_type == JSON:
        return json.loads(body)
    if content_type == CSV:
        return {"inputs": list(csv.DictReader(io.StringIO(body)))}
    raise UnsupportedFormatError(content_type)


def _huggingface_predict_fn(data: Any, model: Any) -> Any:
    if not isinstance(data, dict):
        return model(data)
    rest = dict(data)
    parameters = rest.pop("parameters", None) or {}
    return model(rest.pop("inputs", rest), **parameters)


_PYTORCH = Toolkit(
    defaults.default_model_fn,
    defaults.default_input_fn,
    defaults.make_default_predict_fn,
    defaults.default_output_fn,
    ("numpy", "torch"),
)
# Sources: sagemaker_sklearn_container/serving.py of aws/sagemaker-scikit-learn-container;
# handler_service.py of aws/sagemaker-huggingface-inference-toolkit.
_TOOLKITS = {
    "scikit-learn": Toolkit(
        _sklearn_model_fn,
        _sklearn_input_fn,
        lambda: _sklearn_predict_fn,
        defaults.default_output_fn,
        ("numpy",),
    ),
    "huggingface": Toolkit(
        _huggingface_model_fn,
        _huggingface_input_fn,
        lambda: _huggingface_predict_fn,
        defaults.default_output_fn,
        (),
    ),
}
