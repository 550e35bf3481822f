"""The payloads that the default handlers read and write: JSON, CSV and numpy's own.

As in sagemaker_inference's decoder and encoder, with two differences. A pickle in a numpy array
is refused: whoever may invoke an endpoint may not thereby run code in it. Columns of whole numbers
beside columns of others are read from CSV like any numbers; the toolkit fails on them.
"""

from __future__ import annotations

import io
import json
from typing import Any

__all__ = ["CSV", "JSON", "NPY", "TEXT_TYPES", "UnsupportedFormatError", "decode", "encode"]

JSON = "application/json"
CSV = "text/csv"
NPY = "application/x-npy"
# Handlers get a payload of these types as str, every other as bytearray.
TEXT_TYPES = frozenset({JSON, CSV})


class UnsupportedFormatError(Exception):
    """A content type that the default handlers can't read or write. The text is the toolkit's."""

    def __init__(self, content_type: str | None) -> None:
        super().__init__(
            f"Content type {content_type} is not supported by this framework.\n\n"
            "Please implement input_fn to to deserialize the request data or an output_fn to\n"
            "serialize the response. For more information, see the SageMaker Python SDK README."
        )


def decode(body: Any, content_type: str | None) -> Any:
    """The payload as a numpy array. Raises UnsupportedFormatError, and ValueError for a payload
    that is not what its type says."""
    import numpy

    if content_type == JSON:
        return numpy.array(json.loads(body))
    if content_type == CSV:
        return numpy.loadtxt(io.StringIO(body), delimiter=",")
    if content_type == NPY:
        return numpy.load(io.BytesIO(body), allow_pickle=False)
    raise UnsupportedFormatError(content_type)


def encode(prediction: Any, content_type: str) -> str | bytes | None:
    """The prediction in one of the three types; None for any other."""
    if content_type == JSON:
        return json.dumps(prediction, default=_as_list)
    if content_type not in (CSV, NPY):
        return None
    import numpy

    if content_type == CSV:
        text = io.StringIO()
        numpy.savetxt(text, prediction, delimiter=",", fmt="%s")
        return text.getvalue()
    data = io.BytesIO()
    numpy.save(data, prediction)
    return data.getvalue()


def _as_list(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
