"""Prints the log of a training job, tuning job, endpoint or function from CloudWatch Logs."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from kennel.cli.connection import aws_errors, connect, state_folder
from kennel.cli.errors import CommandError
from kennel.cli.log_sources import KINDS, LogSource, find_sources, split_kind
from kennel.cli.log_streams import LogReader

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel logs dog-breeds-training           # the log so far
  kennel logs -f dog-breeds-tuning          # all trials, as they go
  kennel logs endpoint/dog-breeds           # where a name alone would be ambiguous
  kennel logs --timestamps /aws/lambda/ask  # a log group by its name"""

POLL_SECONDS = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "resource",
        metavar="RESOURCE",
        help=f"a name, KIND/NAME with KIND one of {', '.join(KINDS)}, or a log group",
    )
    parser.add_argument(
        "-f",
        "--follow",
        action="store_true",
        help="go on printing: until a job has ended or an endpoint has failed, or until Ctrl-C",
    )
    parser.add_argument(
        "-t", "--timestamps", action="store_true", help="print the time of every line"
    )


def run(arguments: argparse.Namespace) -> int:
    plane = connect(state_folder(arguments))
    with aws_errors():
        source = _the_one(arguments.resource, find_sources(plane, arguments.resource))
        reader = LogReader(plane.client("logs"), source)
        printed = 0
        while True:
            # Asked before reading: what a job wrote before it ended is then sure to be read.
            over = not arguments.follow or source.has_ended()
            printed += _print(reader, arguments.timestamps)
            if over:
                if not printed:
                    _say_why_not(source)
                return 0
            time.sleep(POLL_SECONDS)


def _the_one(resource: str, sources: Sequence[LogSource]) -> LogSource:
    if not sources:
        if resource.startswith("/"):
            raise CommandError(f"There is no log group {resource}, or nothing is in it.")
        kinds, name = split_kind(resource)
        raise CommandError(
            f"There is no {' or '.join(kinds)} named {name}, and no log of one. "
            "`kennel ps --all` lists what there is."
        )
    if len(sources) > 1:
        names = " or ".join(source.label for source in sources)
        raise CommandError(f"{resource} is the name of several things; say which: {names}.")
    return sources[0]


def _say_why_not(source: LogSource) -> None:
    """An empty log looks like a mistake; what failed before it printed has its reason elsewhere."""
    condition = source.condition()
    if condition is None:
        text = f"{source.label} has an empty log."
    else:
        yet = "" if condition.is_final else " yet"
        text = f"{source.label} has no log{yet}. Its status is {condition.status}."
        if condition.reason:
            text = f"{text[:-1]}: {condition.reason}"
    print(f"kennel: {text}", file=sys.stderr)


def _print(reader: LogReader, timestamps: bool) -> int:
    """Prints what is new; returns the number of events."""
    printed = 0
    for event in reader.read():
        when = ""
        if timestamps:
            moment = datetime.fromtimestamp(event.milliseconds / 1000, UTC)
            when = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z "
        stream = f"[{event.stream}] " if reader.several else ""
        print(f"{when}{stream}{event.message}")
        printed += 1
    sys.stdout.flush()
    return printed
