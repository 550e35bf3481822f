"""Says beforehand what a setting will do under some traffic, and what it costs."""

from __future__ import annotations

import argparse
from typing import Protocol

from kennel.cli.errors import UsageError
from kennel.cli.plan import explain, search, simulate
from kennel.planner.errors import PlannerError
from kennel.planner.service_text import SERVICE_HELP
from kennel.planner.traffic import TRAFFIC_HELP

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel plan simulate --traffic daily:peak=50/s,trough=5/s --service exp:50ms \\
      --instances 1..6 --target 600/min --cooldown 30s --slow 300ms
  kennel plan simulate --traffic 5/s:1h,50/s:1h --service 50ms \\
      --compare 'instances=1..3 target=600' --compare instances=3
  kennel plan simulate --traffic poisson:4/s --service 300ms --reserved 3 --provisioned 2 \\
      --memory 1024 --init 2s
  kennel plan simulate --endpoint dog-breeds --traffic-from endpoint:dog-breeds --since 1d
  kennel plan search --slo 'p99<300ms' --traffic daily:peak=50/s,trough=5/s --service exp:50ms
  kennel plan explain endpoint/dog-breeds/variant/AllTraffic --max-rps 20"""


class _SubCommand(Protocol):
    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


_SUB_COMMANDS: tuple[tuple[str, _SubCommand, str], ...] = (
    ("simulate", simulate, "simulate a setting under traffic: latency, throttles, capacity, cost"),
    ("search", search, "find the cheapest setting that keeps an objective"),
    ("explain", explain, "say in plain words what a live scaling policy will do"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Says beforehand what a setting will do under some traffic, and what it costs. The\n"
        "simulation decides by the very functions that scale a plane's endpoints and functions."
    )
    commands = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    for name, module, purpose in _SUB_COMMANDS:
        sub_parser = commands.add_parser(
            name,
            help=purpose,
            description=module.__doc__,
            epilog=f"{TRAFFIC_HELP}\n\n{SERVICE_HELP}" if module is not explain else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(sub_parser)
        # People write it last; the command's own --state would have to come before KIND.
        sub_parser.add_argument("--state", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    module = next(module for name, module, _ in _SUB_COMMANDS if name == arguments.kind)
    try:
        return module.run(arguments)
    except PlannerError as error:
        raise UsageError(f"{str(error).rstrip('.')}.") from error
