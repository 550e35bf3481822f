"""Where a function call's time went, from the tail of its log."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["CallTiming", "read_timing"]

_REPORT = re.compile(r"^REPORT RequestId: .*$", re.MULTILINE)
_FIGURE = re.compile(r"(?<=\t)(?P<name>[A-Z][A-Za-z ]+): (?P<value>[0-9.]+) (?:ms|MB)")
_TIMING = re.compile(r"^.*TIMING (?P<json>\{.*\})\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CallTiming:
    """Milliseconds, each inside the one before: what the caller waited, the function's duration,
    its InvokeEndpoint, and the model with the fetching of the photo. `init_ms` comes on top of
    `duration_ms`, at an environment's first call only. None: it is not known."""

    client_ms: float
    init_ms: float | None
    duration_ms: float | None
    endpoint_ms: float | None
    model_ms: float | None
    billed_ms: float | None
    memory_mb: float | None

    def as_json(self) -> dict[str, float | None]:
        """For programs."""
        return asdict(self)

    def rows(self) -> list[tuple[str, float, str]]:
        """Where the milliseconds went, none of them twice: name, ms, what it is."""
        left = self.client_ms
        rows: list[tuple[str, float, str]] = []
        init = self.init_ms or 0.0
        for name, inner, what in (
            ("Lambda", init + (self.duration_ms or 0.0), "the call, its way in and out"),
            ("init", self.duration_ms or 0.0, "of a new environment: Python, boto3"),
            ("function", self.endpoint_ms or 0.0, "the handler's own code, and signing"),
            ("endpoint", self.model_ms or 0.0, "InvokeEndpoint, its way in and out"),
            ("model", 0.0, "fetching the photo by its link, decoding it, the network"),
        ):
            if name == "init" and not init:
                continue
            rows.append((name, max(0.0, left - inner), what))
            left = inner
        return rows


def read_timing(client_ms: float, tail: str) -> CallTiming:
    """Reads the REPORT line and the handler's own line; what is not there is None."""
    report = _REPORT.search(tail)
    figures: dict[str, float] = {}
    if report is not None:
        for found in _FIGURE.finditer(report[0]):
            figures[found["name"]] = float(found["value"])
    said: dict[str, Any] = {}
    line = _TIMING.search(tail)
    if line is not None:
        said = json.loads(line["json"])
    micros = said.get("model_micros")
    return CallTiming(
        client_ms=client_ms,
        init_ms=figures.get("Init Duration"),
        duration_ms=figures.get("Duration"),
        endpoint_ms=said.get("endpoint_ms"),
        model_ms=None if micros is None else float(micros) / 1000,
        billed_ms=figures.get("Billed Duration"),
        memory_mb=figures.get("Max Memory Used"),
    )
