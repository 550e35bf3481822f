"""Puts an endpoint or a function under load, and measures what its users would wait."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kennel.cli.connection import aws_errors, connect, state_folder
from kennel.cli.errors import UsageError
from kennel.cli.load.capacity import Capacity, capacity_question
from kennel.cli.load.order import Order, read_order
from kennel.cli.load.picture import draw
from kennel.cli.load.record import Recorder
from kennel.cli.load.report import report_of
from kennel.cli.load.requests import Requests
from kennel.cli.load.screen import Screen
from kennel.cli.load.service import EnvironmentService, PlaneService, Service
from kennel.cli.load.session import Session
from kennel.cli.load.summary import summary_of
from kennel.cli.load.target import Kind, Target, find_target, parse_target
from kennel.cli.table import print_pairs

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel load dog-breeds --rate 20/s --duration 5m --payload photo.jpg
  kennel load dog-breeds --rate 5/s..50/s --poisson --duration 10m --payload photos/
  kennel load dog-breeds --rate 5/s:1m,50/s:2m,5/s:1m --fail-if 'p99>300ms'
  kennel load ask:live --clients 10 --think 100ms --duration 1m --allow-errors
  kennel load dog-breeds --trace invocations.json --json | jq .latency.p99
  kennel load endpoint:dog-breeds --aws --rate 2/s   # on AWS, by the environment's settings"""

OUTPUT = Path("load-output")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Puts an endpoint or a function under load, and measures what its users would wait. At a\n"
        "given rate latency counts from when a request was due, so that a slow target can't hide\n"
        "behind a client that waits for it. Prints a table, and writes report.json, samples.csv\n"
        "and report.png. Exit code 1 if a request failed. Ctrl-C ends it early, with the report."
    )
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="an endpoint, a function, FUNCTION:ALIAS, or the ARN of one; endpoint:NAME or "
        "function:NAME where both have the name",
    )
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--rate",
        metavar="RATE",
        help="so many requests whatever comes back: 20/s, a ramp 5/s..50/s, or a schedule "
        "5/s:1m,5/s..50/s:2m; also poisson:, daily: and burst: as in `kennel plan`",
    )
    how.add_argument(
        "--clients", metavar="N", help="so many clients, each of which waits for its answer"
    )
    how.add_argument(
        "--trace",
        metavar="FILE",
        help="requests as a CSV of times, a CSV of timestamps with rates or counts, or a "
        "CloudWatch GetMetricData answer has them",
    )
    parser.add_argument(
        "--duration", metavar="TIME", help="how long (default: the trace's or schedule's, else 1m)"
    )
    parser.add_argument(
        "--poisson", action="store_true", help="requests come independently, not evenly spaced"
    )
    parser.add_argument("--seed", metavar="N", default="0", help="of what is drawn (default: 0)")
    parser.add_argument("--think", metavar="TIME", help="how long a client waits between requests")
    _configure_requests(parser)
    _configure_end(parser)


def _configure_requests(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--payload",
        metavar="FILE",
        help="what is sent: a file, or a folder whose files are sent in turn (default: {})",
    )
    parser.add_argument(
        "--content-type",
        metavar="TYPE",
        help="of the payload, for an endpoint (default: by the file's name, else application/json)",
    )
    parser.add_argument("--accept", metavar="TYPE", help="of the answer, for an endpoint")
    parser.add_argument("--variant", metavar="NAME", help="the production variant to ask")
    parser.add_argument(
        "--timeout", metavar="TIME", default="60s", help="how long to wait (default: 60s)"
    )
    parser.add_argument(
        "--warm-up",
        metavar="TIME",
        help="leave so much of the beginning out of the figures",
    )
    parser.add_argument(
        "--connections",
        metavar="N",
        default="1000",
        help="at most so many at a time (default: 1000)",
    )
    parser.add_argument(
        "--aws",
        action="store_true",
        help="ask what AWS_ENDPOINT_URL, AWS_PROFILE and the like lead to, AWS itself if nothing "
        "else is set, instead of the plane; AWS bills what is asked of it",
    )


def _configure_end(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow-errors", action="store_true", help="exit code 0 even if requests failed"
    )
    parser.add_argument(
        "--fail-if",
        metavar="CONDITION",
        action="append",
        default=[],
        help="exit code 1 if it holds: p99>300ms, max>2s, errors>5, throttles>0, rate<20/s; may "
        "be given more than once",
    )
    parser.add_argument(
        "--out", metavar="DIR", help=f"folder for the report (default: {OUTPUT}/TARGET-TIME)"
    )
    parser.add_argument("--json", action="store_true", help="print report.json, not the table")


def run(arguments: argparse.Namespace) -> int:
    named = parse_target(arguments.target)
    order = read_order(arguments)
    service = _service(arguments)
    with aws_errors():
        target = find_target(named, service)
        requests = Requests(service, target, order.payloads, order.options(target))
        question = capacity_question(target, service)
    folder = _folder(arguments.out, target)
    with (folder / "samples.csv").open("w") as file:
        recorder = Recorder(order.plan.seconds, order.warm_up, file, order.plan.expected)
        unit = "instances" if target.kind is Kind.ENDPOINT else "provisioned"
        screen = Screen(sys.stderr, order, recorder, unit)
        session = Session(order, requests, recorder, Capacity(), question, screen.tell)
        with aws_errors():
            session.run()
        screen.clear()
    return _finish(arguments, session, target, service.where, folder)


def _finish(
    arguments: argparse.Namespace, session: Session, target: Target, where: str, folder: Path
) -> int:
    order, recorder = session.order, session.recorder
    counted = max(session.seconds - order.warm_up, 1e-9)
    broken = [one.text for one in order.failures if one.holds(recorder, counted)]
    report = report_of(session, target, where, broken)
    text = json.dumps(report, indent=1)
    (folder / "report.json").write_text(text + "\n")
    picture = _picture(report, order, folder)
    if arguments.json:
        print(text)
    else:
        print_pairs([*summary_of(report), ("report", _written(folder, picture))])
    failed = recorder.failed and not arguments.allow_errors
    return 1 if failed or broken or not recorder.requests else 0


def _service(arguments: argparse.Namespace) -> Service:
    if arguments.aws:
        if arguments.state is not None:
            raise UsageError("--aws and --state name two places. Leave one out.")
        return EnvironmentService()
    return PlaneService(connect(state_folder(arguments)))


def _folder(named: str | None, target: Target) -> Path:
    """The report's folder, made before the load and not after it."""
    default = OUTPUT / f"{target.label.replace(':', '-')}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder = Path(named).expanduser() if named else default
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"The folder {folder} can't be made: {error.strerror}.") from None
    return folder


def _picture(report: dict[str, Any], order: Order, folder: Path) -> bool:
    """Draws the picture, if the package for it is there and there is something to draw."""
    if not report["timeline"]:
        return False
    try:
        draw(report, order.plan.rate, folder / "report.png")
    except ModuleNotFoundError as error:
        print(
            f"kennel: There is no report.png without the package {error.name}; Kennel's extra "
            "`demo` has it.",
            file=sys.stderr,
        )
        return False
    return True


def _written(folder: Path, picture: bool) -> str:
    files: Sequence[str] = ["report.json", "samples.csv", *(["report.png"] if picture else [])]
    return f"{folder}: {', '.join(files)}"
