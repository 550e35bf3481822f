"""Says what is granted that should not be, the worst first, each with the command that mends it.

Looked at are users, roles, access keys, trust policies, buckets and functions, and what the record
of decisions says was used. CRITICAL lets strangers in, HIGH makes an administrator of its holder,
MEDIUM grants much more than is needed, LOW is untidy. A command that mends is a line for the shell;
read it before you run it. Exit code 1: --fail-on found something."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

from kennel.cli.connection import connect, state_folder
from kennel.cli.errors import UsageError
from kennel.cli.iam.audit.finding import SEVERITIES, Finding
from kennel.cli.iam.audit.reading import read_account
from kennel.cli.iam.audit.rules import RULES, audit
from kennel.cli.iam.audit.sarif import as_sarif
from kennel.cli.iam.holders import short_name
from kennel.cli.table import print_table
from kennel.planner.errors import BadQuantity
from kennel.planner.quantities import parse_duration

__all__ = ["configure", "run"]

_HEADINGS = ("", "SEVERITY", "RULE", "WHOSE", "FINDING")


def configure(parser: argparse.ArgumentParser) -> None:
    names = [str(one) for one in SEVERITIES]
    parser.add_argument(
        "--fail-on", metavar="SEVERITY", default="", help=f"exit 1 from here on: {', '.join(names)}"
    )
    parser.add_argument(
        "--unused", metavar="TIME", default="90d", help="unused means not for so long (default 90d)"
    )
    parser.add_argument(
        "--key-age", metavar="TIME", default="90d", help="keys are old from then on (default 90d)"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print a JSON list")
    shown.add_argument("--sarif", action="store_true", help="print SARIF 2.1.0, for code hosts")


def run(arguments: argparse.Namespace) -> int:
    failing = _failing(arguments.fail_on)
    unused = _seconds(arguments.unused, "--unused")
    age = _seconds(arguments.key_age, "--key-age")
    plane = connect(state_folder(arguments))
    found = audit(read_account(plane), time.time(), unused, age)
    if arguments.json:
        print(json.dumps([_as_json(one) for one in found], indent=2))
    elif arguments.sarif:
        print(json.dumps(as_sarif(found, RULES), indent=2))
    else:
        _print(found)
    return int(any(one.rule.severity in failing for one in found))


def _failing(named: str) -> Sequence[str]:
    names = [str(one) for one in SEVERITIES]
    if named and named not in names:
        raise UsageError(f"--fail-on is {', '.join(names[:-1])} or {names[-1]}, not {named!r}.")
    return names[: names.index(named) + 1] if named else []


def _seconds(text: str, option: str) -> float:
    try:
        return parse_duration(text)
    except BadQuantity as error:
        raise UsageError(f"{option}: {str(error).rstrip('.')}.") from None


def _print(found: Sequence[Finding]) -> None:
    if not found:
        print("Nothing was found.")
        return
    rows = [
        (
            str(number),
            one.rule.severity.upper(),
            one.rule.name,
            _whose(one.subject),
            one.message,
        )
        for number, one in enumerate(found, 1)
    ]
    print_table(_HEADINGS, rows, cut="FINDING")
    print("\nTo mend them:")
    for number, one in enumerate(found, 1):
        print(f"{number:>3}  {one.command}")


def _whose(arn: str) -> str:
    service = arn.split(":")[2]
    name = arn.split(":", 5)[5]
    if service == "s3":
        return f"bucket/{name}"
    if service == "lambda":
        return name.replace(":", "/", 1)
    return short_name(arn)


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "severity": finding.rule.severity,
        "rule": finding.rule.name,
        "subject": finding.subject,
        "message": finding.message,
        "command": finding.command,
    }
