"""The lines that the toolkit writes into the job's log."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Report"]

_LEVELS = {"INFO": 20, "ERROR": 40}


class Report:
    """Writes lines in the toolkit's format, of `level` (logging's numbers) and above."""

    def __init__(self, level: int = 20) -> None:
        self.level = level

    def info(self, message: str) -> None:
        self._write("INFO", message)

    def error(self, message: str) -> None:
        self._write("ERROR", message)

    def invocation(
        self, training: Mapping[str, Any], variables: Mapping[str, str], command: Sequence[str]
    ) -> None:
        """The header that every job's log starts with."""
        listing = "\n".join(f"{name}={value}" for name, value in variables.items())
        self.info(
            "Invoking user script\n\n"
            f"Training Env:\n\n{json.dumps(training, indent=4)}\n\n"
            f"Environment variables:\n\n{listing}\n\n"
            "Invoking script with the following command:\n\n"
            f"{shlex.join(command)}\n\n"
        )

    def _write(self, level: str, message: str) -> None:
        if _LEVELS[level] < self.level:
            return
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
        millis = int(now * 1000) % 1000
        print(
            f"{stamp},{millis:03d} sagemaker-training-toolkit {level:<8} {message}",
            file=sys.stdout,
            flush=True,
        )
