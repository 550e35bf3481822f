"""Service times as people write them: `50ms`, `exp:50ms`, or a file of measured ones."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from kennel.planner.errors import BadQuantity, BadSamples
from kennel.planner.quantities import parse_duration
from kennel.planner.simulation import ServiceTime

__all__ = ["SERVICE_HELP", "parse_service_time", "read_samples"]

SERVICE_HELP = """\
service times (how long an instance or an environment works on one request):
  50ms                         always so long
  exp:50ms                     exponential, of that mean
  lognormal:p50=50ms,p99=0.2s  lognormal, by its median and its 99th percentile
  FILE.csv                     measured ones: a column model_s, service_s or latency_s in seconds,
                               such as the samples.csv of `kennel load`"""

_COLUMNS = ("model_s", "service_s", "latency_s")
_OK = ("ok", "200", "")


def parse_service_time(text: str) -> ServiceTime:
    """Raises BadSamples."""
    stripped = text.strip()
    kind, colon, rest = stripped.partition(":")
    try:
        if Path(stripped).suffix.lower() == ".csv":
            return ServiceTime.samples(read_samples(Path(stripped)))
        if not colon or kind == "constant":
            return ServiceTime.constant(_positive(rest if colon else stripped))
        if kind == "exp":
            return ServiceTime.exponential(_positive(rest))
        if kind == "lognormal":
            return _lognormal(rest)
    except BadQuantity as error:
        raise BadSamples(f"The service time {text!r} can't be read: {error}") from None
    raise BadSamples(
        f"{text!r} is no service time; write 50ms, exp:50ms, lognormal:p50=50ms,p99=0.2s or "
        "FILE.csv"
    )


def read_samples(path: Path) -> Sequence[float]:
    """The seconds of a CSV file, of the requests that were answered. Raises BadSamples.

    The time inside the model is taken where the file has it: a latency has waiting in it, and
    waiting is what is to be simulated.
    """
    try:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no CSV"
        raise BadSamples(f"{path} can't be read: {reason}") from None
    answered = [row for row in rows if (row.get("outcome") or "").lower() in _OK]
    for column in _COLUMNS:
        values = [row[column] for row in answered if row.get(column)]
        if values:
            return list(_seconds(values, column, path))
    raise BadSamples(
        f"{path} has no values in a column {', '.join(_COLUMNS[:-1])} or {_COLUMNS[-1]}"
    )


def _seconds(values: Iterable[str], column: str, path: Path) -> Iterable[float]:
    for value in values:
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            raise BadSamples(f"{path} has {value!r} in the column {column}, not a time in seconds")
        yield number


def _positive(text: str) -> float:
    seconds = parse_duration(text)
    if seconds <= 0:
        raise BadSamples("A service time is longer than nothing")
    return seconds


def _lognormal(text: str) -> ServiceTime:
    parts = [part.strip() for part in text.split(",")]
    quantiles = [
        part.partition("=")[2] if part.startswith(name) else part
        for name, part in zip(("p50=", "p99="), parts, strict=False)
    ]
    if len(parts) != 2:
        raise BadSamples("A lognormal service time is lognormal:p50=50ms,p99=0.2s")
    median, high = map(_positive, quantiles)
    if high < median:
        raise BadSamples(f"The p99 {quantiles[1]} is below the median {quantiles[0]}")
    return ServiceTime.lognormal(median, high)
