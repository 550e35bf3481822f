"""A plan's options: one table for the command line, for files and for `--compare`."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from kennel.planner.errors import BadPlan

__all__ = ["OPTIONS", "Option", "Options", "Scope", "read_assignments", "read_file", "read_table"]

Options = Mapping[str, tuple[str, ...]]
"""Each option's values, by its name; most have one."""


class Scope(Enum):
    """What an option is about."""

    BOTH = "both"
    ENDPOINT = "endpoint"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Option:
    """A row: `--NAME METAVAR`, `NAME = "…"` in a file, `NAME=…` in a comparison. `many`: it may be
    given several times, in a file as a list. Without a metavar it is yes or no."""

    name: str
    metavar: str
    help: str
    scope: Scope = Scope.BOTH
    many: bool = False


OPTIONS: tuple[Option, ...] = (
    Option("service", "TIME", "how long one request takes an instance or environment"),
    Option("overhead", "TIME", "time of each request outside of them (default: 0)"),
    Option(
        "instances",
        "N|MIN..MAX",
        "instances of the variant, fixed or scaled (default: 1)",
        Scope.ENDPOINT,
    ),
    Option(
        "target",
        "N/min",
        "target tracking: invocations a minute per instance",
        Scope.ENDPOINT,
    ),
    Option(
        "target-concurrency",
        "N",
        "target tracking: requests at once per model, every 10 s",
        Scope.ENDPOINT,
    ),
    Option("cooldown", "TIME", "cooldowns of the policies, out and in (default: 300s)"),
    Option("cooldown-out", "TIME", "of scale-out alone"),
    Option("cooldown-in", "TIME", "of scale-in alone"),
    Option("no-scale-in", "", "DisableScaleIn"),
    Option(
        "step",
        "POLICY",
        "step scaling, as InvocationsPerInstance>600:+1,+2@300; once for each policy",
        many=True,
    ),
    Option(
        "schedule",
        "ACTION",
        "scheduled action, as 'cron(0 8 * * ? *) min=2'; once for each",
        many=True,
    ),
    Option(
        "time-scale",
        "N",
        "seconds of policy time in one of wall time, as of `kennel up` (default: 1, of what is "
        "live on a plane the plane's)",
    ),
    Option(
        "launch-delay",
        "TIME",
        "from a decision until the new instance serves (default: 4m, on a plane the plane's)",
        Scope.ENDPOINT,
    ),
    Option(
        "routing",
        "least|random",
        "how a request finds its instance: the least outstanding requests, or by chance "
        "(default: least)",
        Scope.ENDPOINT,
    ),
    Option("instance-type", "TYPE", "what is paid for (default: ml.m5.xlarge)", Scope.ENDPOINT),
    Option("price", "USD", "of an instance an hour, if not the table's", Scope.ENDPOINT),
    Option("memory", "MB", "of the function (default: 128)", Scope.FUNCTION),
    Option("reserved", "N", "reserved concurrency: calls that may run at once", Scope.FUNCTION),
    Option(
        "provisioned",
        "N|MIN..MAX",
        "provisioned concurrency, fixed or scaled (default: 0)",
        Scope.FUNCTION,
    ),
    Option(
        "utilization",
        "SHARE",
        "target tracking of provisioned concurrency, as 0.7",
        Scope.FUNCTION,
    ),
    Option("init", "TIME", "how long a cold start's init takes (default: 0)", Scope.FUNCTION),
    Option(
        "allocation-delay",
        "TIME",
        "until provisioned environments are ready (default: 1m, on a plane 0)",
        Scope.FUNCTION,
    ),
    Option(
        "idle-timeout",
        "TIME",
        "until an idle environment goes (default: 5m)",
        Scope.FUNCTION,
    ),
    Option("architecture", "x86_64|arm64", "of the function (default: x86_64)", Scope.FUNCTION),
)

_BY_NAME = {option.name: option for option in OPTIONS}


def read_table(table: Mapping[str, Any], where: str) -> dict[str, tuple[str, ...]]:
    """Options of a file's table; dashes may be underscores. Raises BadPlan."""
    options: dict[str, tuple[str, ...]] = {}
    for key, value in table.items():
        option = _BY_NAME.get(key.replace("_", "-"))
        if option is None:
            raise BadPlan(f"{where} has {key!r}, which no plan has")
        values = value if isinstance(value, list) else [value]
        if isinstance(value, dict) or (len(values) != 1 and not option.many):
            raise BadPlan(f"{option.name} in {where} takes one value")
        if not option.metavar:
            if not isinstance(value, bool):
                raise BadPlan(f"{option.name} in {where} is true or false")
            values = ["yes"] if value else []
        options[option.name] = tuple(map(str, values))
    return options


def read_assignments(text: str) -> dict[str, tuple[str, ...]]:
    """`instances=1..3 target=600 no-scale-in schedule='cron(…) min=2'`. Raises BadPlan."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadPlan(f"{text!r} can't be read: {error}") from None
    options: dict[str, tuple[str, ...]] = {}
    for word in words:
        key, equals, value = word.partition("=")
        option = _BY_NAME.get(key)
        if option is None or bool(equals) != bool(option.metavar):
            raise BadPlan(f"{word!r} is no setting; write NAME=VALUE, as in instances=1..3")
        if option.name in options and not option.many:
            raise BadPlan(f"{option.name} is there twice in {text!r}")
        options[option.name] = (*options.get(option.name, ()), value or "yes")
    if not options:
        raise BadPlan("A setting to compare has at least one NAME=VALUE")
    return options


def read_file(path: Path) -> tuple[dict[str, tuple[str, ...]], Any]:
    """A plan's TOML file: its options, and its `traffic` (a text or a table; None if it has none).

    Raises BadPlan.
    """
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise BadPlan(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise BadPlan(f"{path} is no TOML: {error}") from None
    traffic = table.pop("traffic", None)
    return read_table(table, str(path)), traffic
