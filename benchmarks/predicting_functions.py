"""Functions that are predicted: throttled, and spilling over their provisioned concurrency."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.comparing import compare, compare_latency
from benchmarks.naps import FUNCTION, draw
from benchmarks.observing import Observed, observe, read_samples
from benchmarks.row import Row
from kennel.planner.simulation import FunctionSetting, ServiceTime, simulate_function
from tests.integration.functions import Functions
from tests.integration.provisioned import ready
from tests.planes import Plane

__all__ = ["overloaded", "spilling"]

_SPREAD = 0.5
_NAP = 0.02
_THROTTLED = "TooManyRequestsException"
_COLD = 6  # cold starts that are measured
_HOUR = 3600


def overloaded(bench: Bench, plane: Plane) -> Iterator[Row]:
    """Three environments, asked for more than they can do."""
    functions = Functions(plane)
    functions.create("overloaded", FUNCTION)
    functions.client.put_function_concurrency(
        FunctionName="overloaded", ReservedConcurrentExecutions=3
    )
    inits, overhead = _measure(plane, functions, bench.folder / "overloaded-first")
    work = draw("poisson:18/s", bench.seconds(75.0), 0.180, _SPREAD, seed=5)
    live = observe(plane, "overloaded", work, bench.folder / "overloaded", lambda: 3)
    setting = FunctionSetting(
        ServiceTime.given(nap + overhead for nap in work.naps), init=inits, limit=3
    )
    found = simulate_function(setting, work.traffic, duration=work.seconds, begins=live.begins)
    part = "predict: function, reserved 3, overloaded"
    yield from compare_latency(part, live, found.latency)
    yield compare(part, "throttles", live.count(_THROTTLED), found.throttled, "")


def spilling(bench: Bench, plane: Plane) -> Iterator[Row]:
    """Two provisioned environments and up to three on demand, which go when nobody has called them
    for five minutes: five seconds here. The load comes and goes, so that they do."""
    functions = Functions(plane)
    functions.create("spilling", FUNCTION, Publish=True)
    client, where = functions.client, {"FunctionName": "spilling", "Qualifier": "live"}
    client.put_function_concurrency(FunctionName="spilling", ReservedConcurrentExecutions=5)
    client.create_alias(FunctionName="spilling", Name="live", FunctionVersion="1")
    client.put_provisioned_concurrency_config(**where, ProvisionedConcurrentExecutions=2)
    ready(functions, "spilling", "live")
    inits, overhead = _measure(plane, functions, bench.folder / "spilling-first")
    work = draw("22/s:8s,3/s:10s", bench.seconds(75.0), 0.180, _SPREAD, seed=6)
    live = observe(plane, "spilling:live", work, bench.folder / "spilling", lambda: 2)
    setting = FunctionSetting(
        ServiceTime.given(nap + overhead for nap in work.naps),
        init=inits,
        limit=5,
        provisioned=2,
        time_scale=60.0,
    )
    found = simulate_function(setting, work.traffic, duration=work.seconds, begins=live.begins)
    part = "predict: function, provisioned 2 of reserved 5, scale 60"
    yield from compare_latency(part, live, found.latency)
    yield compare(part, "throttles", live.count(_THROTTLED), found.throttled, "")
    yield compare(part, "spilled over", _spilled(plane, live), found.spilled, "")
    yield compare(part, "cold starts", _cold(functions), found.cold_starts, "", within=None)


def _spilled(plane: Plane, live: Observed) -> float:
    """Calls that provisioned concurrency was too small for, as CloudWatch has them."""
    found = plane.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="ProvisionedConcurrencySpilloverInvocations",
        Dimensions=[
            {"Name": "FunctionName", "Value": "spilling"},
            {"Name": "Resource", "Value": "spilling:live"},
        ],
        StartTime=live.begins - _HOUR,
        EndTime=live.begins + live.seconds * 60 + _HOUR,
        Period=_HOUR,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def _cold(functions: Functions) -> int:
    """Cold starts on demand, by the reports in the log; the two provisioned environments tell of
    their own beginning in their first report, too."""
    return sum("Init Duration" in line for line in functions.lines("spilling")) - 2


def _measure(plane: Plane, functions: Functions, folder: Path) -> tuple[ServiceTime, float]:
    """How long environments take to begin, and what a warm call costs beside its nap."""
    folder.mkdir(parents=True)
    payload = folder / "nap.json"
    payload.write_text(f'{{"seconds": {_NAP}}}')
    cold, warm = [], []
    for number in range(_COLD):
        name = f"{folder.name}-{number}"
        functions.create(name, FUNCTION)
        words = ["load", name, "--clients", "1", "--duration", "500ms", "--json"]
        out = folder / str(number)
        answer = plane.command(*words, "--payload", str(payload), "--out", str(out))
        if answer.returncode != 0:
            raise RuntimeError(f"kennel load {name} failed: {answer.stderr}")
        first, *others = [sample.latency for sample in read_samples(out / "samples.csv")]
        cold.append(first)
        warm += others
    whole = statistics.fmean(warm)
    return ServiceTime.samples(one - whole for one in cold), whole - _NAP
