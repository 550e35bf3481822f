"""Service times, by calling what is live: one call after another, so that none waits."""

from __future__ import annotations

import base64
import mimetypes
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kennel.cli.errors import UsageError
from kennel.cli.load.requests import read_payloads
from kennel.cli.load.service import Service
from kennel.cli.load.target import Kind, Target
from kennel.cli.progress import Bar
from kennel.planner.quantities import show_duration

__all__ = ["Measured", "measure"]

_WARM_UP = 3  # calls that find connections closed and caches cold
_REPORT = re.compile(rb"\tDuration: ([\d.]+) ms")
_MICROS = "x-kennel-model-micros"


@dataclass(frozen=True, slots=True)
class Measured:
    """`seconds` of each call: inside the model or the handler where the answer tells, else as the
    caller felt it. `overhead` is what the caller felt beside them, in seconds."""

    target: Target
    seconds: list[float]
    overhead: float

    @property
    def mean(self) -> float:
        return statistics.fmean(self.seconds)

    @property
    def text(self) -> str:
        return (
            f"from {len(self.seconds)} calls of {self.target.label}, "
            f"{show_duration(self.mean)} each"
        )


def measure(service: Service, target: Target, payload: str | None, count: int) -> Measured:
    """Calls it so many times. Raises UsageError; what the calls raise goes through."""
    if count < 1:
        raise UsageError("--requests is a number from 1 on.")
    payloads = read_payloads(payload, b"{}")
    call = _caller(service, target, payload)
    seconds: list[float] = []
    beside: list[float] = []
    with Bar(sys.stderr) as bar:
        for number in range(-_WARM_UP, count):
            began = time.perf_counter()
            inside = call(payloads[number % len(payloads)])
            felt = time.perf_counter() - began
            if number >= 0:
                seconds.append(felt if inside is None else inside)
                beside.append(0.0 if inside is None else max(0.0, felt - inside))
                bar.show(number + 1, count, "calls")
    return Measured(target, seconds, statistics.median(beside))


def _caller(
    service: Service, target: Target, payload: str | None
) -> Callable[[bytes], float | None]:
    """Makes one call; gives the seconds inside, where the answer tells."""
    if target.kind is Kind.FUNCTION:
        functions = service.client("lambda")
        asked = {"FunctionName": target.name, "LogType": "Tail"}
        if target.qualifier:
            asked["Qualifier"] = target.qualifier

        def invoke(body: bytes) -> float | None:
            answer = functions.invoke(Payload=body, **asked)
            answer["Payload"].read()
            found = _REPORT.search(base64.b64decode(answer.get("LogResult", "")))
            return float(found[1]) / 1000 if found else None

        return invoke
    runtime = service.client("sagemaker-runtime")
    kind = _content_type(payload)

    def invoke_endpoint(body: bytes) -> float | None:
        answer: dict[str, Any] = runtime.invoke_endpoint(
            EndpointName=target.name, Body=body, ContentType=kind
        )
        answer["Body"].read()
        micros = answer["ResponseMetadata"]["HTTPHeaders"].get(_MICROS, "")
        return int(micros) / 1e6 if micros.isdecimal() else None

    return invoke_endpoint


def _content_type(payload: str | None) -> str:
    if payload is None:
        return "application/json"
    path = Path(payload).expanduser()
    first = min(path.iterdir()) if path.is_dir() else path
    return mimetypes.guess_type(first.name)[0] or "application/json"
