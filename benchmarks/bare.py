"""The bare loop: a model's own functions called one after the other in a process of their own.

The limit that an endpoint can't beat. It runs by the endpoint's Python in the environment of the
endpoint's instance, on the same files. As a program it reads a number of seconds from each line
of its input, and answers each with what it did in that time.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["BareLoop", "Slice"]


@dataclass(frozen=True, slots=True)
class Slice:
    """What a loop did in a while. `cpu` is in seconds, `latencies` too."""

    seconds: float
    cpu: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


class BareLoop:
    """A process that loads the model of a folder and waits to be told how long to run."""

    def __init__(
        self, python: str, environment: Mapping[str, str], model: Path, payload: Path, kind: str
    ) -> None:
        command = [python, str(Path(__file__)), str(model), str(payload), kind]
        self._process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ready = float(self._answer())

    def begin(self, seconds: float) -> None:
        """Lets it run; `result` waits for the end."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()

    def result(self) -> Slice:
        return Slice(**json.loads(self._answer()))

    def close(self) -> None:
        """Lets the process end."""
        self._process.communicate(timeout=30.0)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the bare loop ended with {self._process.wait()}")
        return line


def _main(model_dir: str, payload: str, content_type: str) -> None:
    began = time.perf_counter()
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # the script's own words go elsewhere
    sys.path.insert(0, os.path.join(model_dir, "code"))
    script: Any = importlib.import_module("inference")
    model = script.model_fn(model_dir)
    body = Path(payload).read_bytes()

    def once() -> None:
        if hasattr(script, "transform_fn"):
            script.transform_fn(model, body, content_type, "application/json")
            return
        prediction = script.predict_fn(script.input_fn(body, content_type), model)
        script.output_fn(prediction, "application/json")

    once()
    print(time.perf_counter() - began, file=out)
    for _ in range(5):
        once()
    for line in sys.stdin:
        print(json.dumps(_slice(once, float(line))), file=out)


def _slice(once: Any, seconds: float) -> dict[str, Any]:
    latencies: list[float] = []
    cpu, began = time.process_time(), time.perf_counter()
    now = began
    while now < began + seconds:
        once()
        then, now = now, time.perf_counter()
        latencies.append(now - then)
    return {
        "seconds": now - began,
        "cpu": time.process_time() - cpu,
        "latencies": latencies,
    }


if __name__ == "__main__":
    _main(*sys.argv[1:])
