"""Shows how the plane does: where it is, its two times, what this machine lets it hold to."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kennel.cli.connection import connect, state_folder
from kennel.cli.table import print_pairs

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel status
  kennel status --json | jq .clock.scale"""


_POLICIES = {
    "enforce": "decide (--iam=enforce)",
    "observe": "are asked and recorded, and deny nothing (--iam=observe)",
    "off": "are not asked (--iam=off)",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the plane's own JSON")


def run(arguments: argparse.Namespace) -> int:
    status = connect(state_folder(arguments)).status()
    if arguments.json:
        print(json.dumps(status))
        return 0
    print_pairs(_lines(status))
    return 0


def _lines(status: Mapping[str, Any]) -> list[tuple[str, str]]:
    clock, engine = status["clock"], status["engine"]
    scale = f"{clock['scale']:g}"
    lines = [
        ("url", status["url"]),
        ("state", status["state"]),
        ("version", status["version"]),
        ("region", status["region"]),
        ("account", status["account"]),
        ("up for", _duration(status["uptime_seconds"])),
        ("wall time", _moment(clock["wall"])),
        ("policy time", f"{_moment(clock['policy'])}, {scale} s in a second"),
        ("policies", _POLICIES[status["iam"]]),
        ("launch delay", f"{status['launch_delay_seconds']:g} s of policy time"),
        ("memory limits", engine["memory"]),
        ("own mounts", "yes" if engine["mount_namespaces"] else "no"),
        ("services", " ".join(status["services"])),
    ]
    lines += [
        (f"number of {kind}", str(number)) for kind, number in status.get("counts", {}).items()
    ]
    return lines + [("not held to", limit) for limit in engine["limits"]]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
