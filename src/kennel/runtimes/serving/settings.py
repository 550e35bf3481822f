"""What the environment says, in the PyTorch inference toolkit's names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Settings"]

_DEFAULT_MODEL = "/opt/ml/model"
_DEFAULT_PROGRAM = "inference.py"
_INFO = 20
# InvokeEndpoint takes 25 MB; more here so that the limit is the plane's to enforce and name.
_DEFAULT_PAYLOAD_MB = 100


@dataclass(frozen=True, slots=True)
class Settings:
    """`program` is the script's path in `code_dir`; `program_is_default` when nobody named it.
    `framework` is whose toolkit the image has: `pytorch`, `scikit-learn` or `huggingface`."""

    model_dir: str
    code_dir: str
    program: str
    program_is_default: bool
    default_accept: str
    log_level: int
    max_body: int
    framework: str = "pytorch"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """An empty variable is one that is not set: the SDK sends them so."""
        base = environment.get("SAGEMAKER_BASE_DIR")
        fallback = os.path.join(base, "model") if base else _DEFAULT_MODEL
        model_dir = environment.get("SM_MODEL_DIR") or fallback
        program = environment.get("SAGEMAKER_PROGRAM") or ""
        megabytes = _number(environment.get("SAGEMAKER_MAX_PAYLOAD_IN_MB"), _DEFAULT_PAYLOAD_MB)
        return cls(
            model_dir=model_dir,
            code_dir=_code_dir(model_dir, environment.get("SAGEMAKER_SUBMIT_DIRECTORY") or ""),
            program=program or _DEFAULT_PROGRAM,
            program_is_default=not program,
            default_accept=environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT")
            or "application/json",
            log_level=_number(environment.get("SAGEMAKER_CONTAINER_LOG_LEVEL"), _INFO),
            max_body=megabytes * 1024 * 1024,
            framework=environment.get("KENNEL_FRAMEWORK") or "pytorch",
        )

    @property
    def requirements(self) -> str:
        return os.path.join(self.code_dir, "requirements.txt")


def _code_dir(model_dir: str, submit_directory: str) -> str:
    """The SDK names a folder of the container, or an S3 URI that is repeated in the model's own
    `code` folder."""
    local = submit_directory.removeprefix("file://")
    return local if os.path.isdir(local) else os.path.join(model_dir, "code")


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.strip().isdecimal() else default
