"""Says in plain words what a live scaling policy will do, and derives a target by AWS's formula."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from kennel.cli.connection import aws_errors
from kennel.cli.errors import UsageError
from kennel.cli.load.service import Service
from kennel.cli.load.target import Kind, Target, find_target, parse_target
from kennel.cli.plan.inputs import service_of
from kennel.cli.plan.live import latency_of, read_endpoint, read_function
from kennel.cli.plan.load_report import maximum_of_report
from kennel.cli.plan.measured import measure
from kennel.cli.plan.numbers import whole_number
from kennel.cli.plan.options import add_live
from kennel.planner.explain import MaximumRate, Subject, explain
from kennel.planner.plan import ALLOCATION_DELAY, LAUNCH_DELAY
from kennel.planner.quantities import parse_duration, parse_rate, show_duration

__all__ = ["configure", "run"]

_VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "resource",
        metavar="RESOURCE",
        help="endpoint/NAME/variant/VARIANT, an endpoint's name, or function:NAME:ALIAS",
    )
    known = parser.add_argument_group(
        "what an instance does at most (default: from CloudWatch's ModelLatency)"
    )
    source = known.add_mutually_exclusive_group()
    source.add_argument("--max-rps", metavar="N", help="requests a second")
    source.add_argument("--report", metavar="FILE", help="report.json of a `kennel load`")
    source.add_argument(
        "--measure",
        action="store_true",
        help="call it, one request after another, and take 1 / the mean",
    )
    known.add_argument("--payload", metavar="FILE", help="what is sent by --measure")
    known.add_argument("--requests", metavar="N", default="100", help="how many (default: 100)")
    parser.add_argument(
        "--launch-delay",
        metavar="TIME",
        help="from a decision until the capacity can be used (default: 4m, of a function 1m)",
    )
    add_live(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    target = _target(arguments.resource)
    service = service_of(arguments)
    with aws_errors():
        target = target if target.kind else find_target(target, service)
        subject = _subject(arguments, service, target)
    explanation = explain(subject)
    if arguments.json:
        facts = {**explanation.facts, "text": explanation.text(), "warnings": explanation.warnings}
        print(json.dumps(facts, indent=1))
    else:
        print(explanation.text())
    return 0


def _target(text: str) -> Target:
    found = _VARIANT.fullmatch(text)
    if found is not None:
        return Target(Kind.ENDPOINT, found[1], found[2])
    return parse_target(text)


def _subject(arguments: argparse.Namespace, service: Service, target: Target) -> Subject:
    delay = None if arguments.launch_delay is None else parse_duration(arguments.launch_delay)
    if target.kind is Kind.FUNCTION:
        if not target.qualifier:
            raise UsageError(
                f"Provisioned concurrency is of an alias or a version; write function:{target.name}"
                ":ALIAS."
            )
        function = read_function(service, target.name, target.qualifier)
        return Subject(
            function.resource,
            function.scaling.scaling if function.scaling else None,
            function.provisioned,
            launch_delay=ALLOCATION_DELAY if delay is None else delay,
            reserved=function.reserved,
            left_out=function.scaling.left_out if function.scaling else (),
        )
    live = read_endpoint(service, target.name, target.qualifier)
    return Subject(
        live.resource,
        live.scaling.scaling if live.scaling else None,
        live.instances,
        live.instance_type,
        LAUNCH_DELAY if delay is None else delay,
        _maximum(arguments, service, Target(Kind.ENDPOINT, live.name, live.variant)),
        left_out=live.scaling.left_out if live.scaling else (),
    )


def _maximum(arguments: argparse.Namespace, service: Service, target: Target) -> MaximumRate | None:
    """What an instance does at most: as told, from a report, by calls, or by CloudWatch."""
    if arguments.max_rps is not None:
        return MaximumRate(_rate(arguments.max_rps), "as given")
    if arguments.report is not None:
        return maximum_of_report(Path(arguments.report).expanduser())
    if arguments.measure:
        count = whole_number(arguments.requests, "--requests")
        found = measure(service, target, arguments.payload, count)
        return MaximumRate(1 / max(found.mean, 1e-9), found.text)
    latency = latency_of(service, target, parse_duration(arguments.since))
    if latency is None or latency[0] <= 0:
        return None
    mean = latency[0]
    return MaximumRate(1 / mean, f"from an average ModelLatency of {show_duration(mean)}")


def _rate(text: str) -> float:
    value = parse_rate(text if "/" in text else f"{text}/s")
    if value <= 0:
        raise UsageError("--max-rps is above 0.")
    return value
