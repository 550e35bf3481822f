"""Work that two cores do not decide: requests that carry how long their model sleeps.

The arrivals and the naps are drawn beforehand, and go to the live plane and to the simulation
alike.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kennel.planner.traffic import Recorded, parse_traffic

__all__ = ["FUNCTION", "MODEL", "Work", "draw"]

MODEL = """\
import json
import time


def model_fn(model_dir):
    return None


def transform_fn(model, body, content_type, accept):
    time.sleep(json.loads(body)["seconds"])
    return "{}", "application/json"
"""

FUNCTION = """\
import time


def handler(event, context):
    time.sleep(event["seconds"])
"""

_SHORTEST, _LONGEST = 0.25, 6.0  # of the median: no nap is outside


@dataclass(frozen=True, slots=True)
class Work:
    """Requests: when each comes, from the first on, and how long it sleeps (seconds)."""

    arrivals: Sequence[float]
    naps: Sequence[float]
    seconds: float

    @property
    def traffic(self) -> Recorded:
        """For the simulation."""
        return Recorded("arrivals", self.arrivals, self.seconds)

    def write(self, folder: Path) -> tuple[Path, Path]:
        """For `kennel load`: a trace and a folder of payloads, which it sends in turn."""
        payloads = folder / "payloads"
        payloads.mkdir(parents=True)
        for number, nap in enumerate(self.naps):
            (payloads / f"{number:06}.json").write_text(json.dumps({"seconds": round(nap, 6)}))
        trace = folder / "arrivals.csv"
        trace.write_text("at_s\n" + "".join(f"{at:.6f}\n" for at in self.arrivals))
        return trace, payloads


def draw(traffic: str, seconds: float, median: float, spread: float, seed: int) -> Work:
    """Arrivals of a description as `kennel load` takes it, and lognormal naps: `spread` is the
    deviation of their logarithm, 0 for naps that are all the same."""
    times = list(parse_traffic(traffic, seconds).times(seed))
    origin = times[0]
    source = random.Random(seed)
    naps = []
    for _ in times:
        nap = median * source.lognormvariate(0.0, spread)
        naps.append(min(max(nap, _SHORTEST * median), _LONGEST * median))
    return Work([at - origin for at in times], naps, seconds)
