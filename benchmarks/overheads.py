"""What a request costs beside its nap, measured on the plane that is then predicted.

One client on one instance: its latency less the nap is all there is beside it. Two clients on one
instance: it never idles, so the time between two answers less the nap is what a request costs the
instance. The rest is outside of it, and holds nobody else up.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

from benchmarks.observing import read_samples
from tests.planes import Plane

__all__ = ["Overheads", "measure_overheads"]

NAP = 0.02


@dataclass(frozen=True, slots=True)
class Overheads:
    """Seconds a request: `inside` holds the instance, `outside` does not."""

    inside: float
    outside: float


def measure_overheads(plane: Plane, target: str, folder: Path, seconds: float) -> Overheads:
    """Of a target that has one instance or may run one call."""
    folder.mkdir(parents=True, exist_ok=True)
    payload = folder / "nap.json"
    payload.write_text(f'{{"seconds": {NAP}}}')
    alone = _run(plane, target, 1, payload, folder / "alone", seconds)
    crowd = _run(plane, target, 2, payload, folder / "crowd", seconds)
    ends = sorted(at + latency for at, latency in crowd)
    inside = (ends[-1] - ends[0]) / (len(ends) - 1) - NAP
    whole = statistics.fmean(latency for _, latency in alone) - NAP
    return Overheads(max(0.0, inside), max(0.0, whole - inside))


def _run(
    plane: Plane, target: str, clients: int, payload: Path, out: Path, seconds: float
) -> list[tuple[float, float]]:
    words = ["load", target, "--clients", str(clients), "--duration", f"{seconds:g}s"]
    words += ["--payload", str(payload), "--out", str(out), "--json"]
    answer = plane.command(*words)
    if answer.returncode != 0:
        raise RuntimeError(f"kennel load {target} ended with {answer.returncode}: {answer.stderr}")
    return [(sample.at, sample.latency) for sample in read_samples(out / "samples.csv")]
