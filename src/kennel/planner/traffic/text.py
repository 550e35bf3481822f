"""Traffic as people write it: on a command line, or as a table of a TOML file."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kennel.planner.errors import BadQuantity, BadTraffic
from kennel.planner.quantities import parse_duration, parse_rate
from kennel.planner.traffic.interface import DAY, Traffic
from kennel.planner.traffic.profile import Piece, Profile
from kennel.planner.traffic.table import read_csv
from kennel.planner.traffic.trace import read_cloudwatch

__all__ = ["TRAFFIC_HELP", "parse_traffic", "traffic_from_table"]

TRAFFIC_HELP = """\
traffic:
  constant:20/s                         evenly spaced
  20/s or poisson:20/s                  independent requests (what users make)
  daily:peak=50/s,trough=5/s            a day's wave, highest at 14:00 (at=HH:MM)
  daily:5/s,4/s,...                     24 hourly rates, from midnight
  burst:base=5/s,height=50/s,length=60s,every=10m
  5/s:60s,50/s:60s                      one rate after another
  5/s..50/s:10m,50/s:1h,50/s..5/s:10m   ramps
  even:5/s..50/s:10m                    any of them, evenly spaced
  FILE.csv                              a column of times, or timestamp with count or rate
  FILE.json                             what GetMetricData or GetMetricStatistics answered
  FILE.toml                             any of these as a table [traffic]"""

_DAY_PIECES = 288  # five minutes each: within 0.02 % of the wave
_KINDS = "constant, poisson, daily, burst, a schedule such as 5/s:60s,50/s:60s, or a file"


def parse_traffic(text: str, duration: float | None = None) -> Traffic:
    """Traffic of a text or of the file that it names, for `duration` seconds.

    Without a duration a schedule or a file lasts as long as it says, and what has no length of its
    own a day. With one, what is shorter begins again. Raises BadTraffic.
    """
    stripped = text.strip()
    is_even = stripped.startswith("even:")
    try:
        traffic = _parsed(stripped.removeprefix("even:").strip(), stripped, is_even)
        return traffic if duration is None else traffic.over(duration)
    except BadQuantity as error:
        raise BadTraffic(f"The traffic {text!r} can't be read: {error}") from None


def traffic_from_table(table: Mapping[str, Any], duration: float | None = None) -> Traffic:
    """Traffic of a TOML table: `kind` with the options of the text form, or `file`.

    `kind = "schedule"` has `stages`, a list of texts; `kind = "daily"` may have `hourly`, a list of
    24 rates; `even = true` spaces evenly. Raises BadTraffic.
    """
    options = dict(table)
    is_even = options.pop("even", False)
    kind, file = options.pop("kind", None), options.pop("file", None)
    if file is not None:
        text = str(file)
    elif kind == "schedule":
        text = _listed(options.pop("stages", None), "stages")
    elif kind == "daily" and "hourly" in options:
        text = "daily:" + _listed(options.pop("hourly"), "hourly")
    elif kind in ("constant", "poisson"):
        text = f"{kind}:{options.pop('rate', '')}"
    elif kind in ("daily", "burst"):
        text = f"{kind}:" + ",".join(f"{key}={value}" for key, value in options.items())
        options = {}
    else:
        raise BadTraffic(
            "A traffic table needs kind = one of constant, poisson, daily, burst, schedule; or file"
        )
    if options:
        raise BadTraffic(f"A traffic table of this kind has no {', '.join(sorted(options))}")
    return parse_traffic(f"even:{text}" if is_even is True else text, duration)


def _listed(value: object, key: str) -> str:
    if not isinstance(value, list) or not value:
        raise BadTraffic(f"A traffic table's {key} is a list of texts")
    return ",".join(map(str, value))


def _parsed(text: str, whole: str, is_even: bool) -> Traffic:
    suffix = Path(text).suffix.lower()
    if suffix in (".csv", ".json", ".toml"):
        return _of_file(Path(text), suffix, is_even)
    kind, colon, rest = text.partition(":")
    builder = _BUILDERS.get(kind) if colon else None
    if builder is not None:
        pieces = builder(rest.strip())
    elif text[:1].isdigit() or text[:1] == ".":
        is_rate = not any(sign in text for sign in (":", ",", ".."))
        pieces = _constant(text) if is_rate else _schedule(text)
    else:
        raise BadTraffic(f"{text!r} is no traffic; it is one of {_KINDS}")
    return Profile(whole, pieces, is_even or kind == "constant")


def _of_file(path: Path, suffix: str, is_even: bool) -> Traffic:
    try:
        if suffix == ".toml":
            table = tomllib.loads(path.read_text())
            inner = table.get("traffic", table)
            if not isinstance(inner, dict):
                raise BadTraffic(f"{path} has no table [traffic]")
            if str(inner.get("file", "")).endswith(".toml"):
                raise BadTraffic(f"{path} names another TOML file")
            return traffic_from_table(inner)
        content = path.read_text()
    except OSError as error:
        raise BadTraffic(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadTraffic(f"{path} is no text") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadTraffic(f"{path} is no TOML: {error}") from None
    if suffix == ".json":
        return read_cloudwatch(content, str(path), is_even)
    return read_csv(content, str(path), is_even)


def _constant(text: str) -> tuple[Piece, ...]:
    rate = parse_rate(text)
    return (Piece(DAY, rate, rate),)


def _daily(text: str) -> tuple[Piece, ...]:
    if "=" not in text:
        rates = [parse_rate(part) for part in text.split(",")]
        if len(rates) != 24:
            raise BadTraffic(
                f"A day has 24 hourly rates, not {len(rates)}; or write peak=50/s,trough=5/s"
            )
        return tuple(Piece(DAY / 24, rate, rate) for rate in rates)
    options = _options(text, "daily", {"peak", "trough"}, {"at"})
    peak, trough = parse_rate(options["peak"]), parse_rate(options["trough"])
    if trough > peak:
        raise BadTraffic(f"The trough {options['trough']} is above the peak {options['peak']}")
    summit = _of_day(options.get("at", "14:00"))
    points = [
        trough + (peak - trough) * (1 + math.cos(2 * math.pi * (k / _DAY_PIECES - summit))) / 2
        for k in range(_DAY_PIECES + 1)
    ]
    points[-1] = points[0]
    length = DAY / _DAY_PIECES
    return tuple(Piece(length, points[k], points[k + 1]) for k in range(_DAY_PIECES))


def _burst(text: str) -> tuple[Piece, ...]:
    options = _options(text, "burst", {"base", "height", "length", "every"}, set())
    base, height = parse_rate(options["base"]), parse_rate(options["height"])
    length, every = parse_duration(options["length"]), parse_duration(options["every"])
    if not 0 < length < every:
        raise BadTraffic(
            f"A burst of {options['length']} does not fit into every {options['every']}"
        )
    # Half of the calm first: a burst in the first second would meet nothing warm.
    calm = Piece((every - length) / 2, base, base)
    return (calm, Piece(length, height, height), calm)


def _schedule(text: str) -> tuple[Piece, ...]:
    return tuple(_stage(part.strip()) for part in text.split(","))


def _stage(text: str) -> Piece:
    rates, colon, length = text.rpartition(":")
    if not colon:
        raise BadTraffic(
            f"{text!r} is no stage; write RATE:DURATION, as in 5/s:10m"
            if ".." not in text
            else f"{text!r} is no stage; write RATE..RATE:DURATION, as in 5/s..50/s:10m"
        )
    first, dots, last = rates.partition("..")
    seconds = parse_duration(length)
    if seconds <= 0:
        raise BadTraffic(f"The stage {text!r} lasts for no time")
    return Piece(seconds, parse_rate(first), parse_rate(last if dots else first))


def _options(text: str, kind: str, needed: set[str], allowed: set[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in needed | allowed or key in options:
            raise BadTraffic(
                f"{kind} has {', '.join(sorted(needed | allowed))}, each as NAME=VALUE and once; "
                f"{part.strip()!r} is none of them"
            )
        options[key] = value
    if missing := sorted(needed - set(options)):
        raise BadTraffic(f"{kind} lacks {', '.join(missing)}")
    return options


def _of_day(text: str) -> float:
    """The share of the day that is over at `14:00` or `14`."""
    hours, _, minutes = text.partition(":")
    try:
        at = int(hours) * 60 + int(minutes or 0)
    except ValueError:
        at = -1
    if not (0 <= at < 1440 and int(minutes or 0) < 60):
        raise BadTraffic(f"{text!r} is no time of day; write 14:00")
    return at / 1440


_BUILDERS: Mapping[str, Callable[[str], tuple[Piece, ...]]] = {
    "constant": _constant,
    "poisson": _constant,
    "daily": _daily,
    "burst": _burst,
}
