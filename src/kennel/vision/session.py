"""A backbone in ONNX Runtime: bytes of pixels in, features out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["INPUT", "OUTPUT", "Session"]

INPUT = "pixels"
OUTPUT = "features"


class Session:
    """One thread, none of its own, no spinning: many may call `features` side by side, each on
    its own thread, and a process that has run it may be forked."""

    def __init__(self, model: bytes | str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, size, size, 3) bytes to (n, dimensions). One image at a time is the fastest: its
        activations stay in the processor's cache."""
        (features,) = self._session.run([OUTPUT], {INPUT: pixels})
        return np.asarray(features, np.float32)
