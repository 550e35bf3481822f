"""Lists what was asked of policies and how they answered, the latest last.

A line stands for all calls of one role or user that took one action on one resource and fared
alike. WHY of a denial is what denied, or where an Allow is missing; of an allowed call the
statements that allow it. RESULT `observed` is a call that policies deny and `--iam=observe` let
pass. Times are UTC."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from kennel.cli.connection import Connection, aws_errors, connect, state_folder
from kennel.cli.errors import CommandError
from kennel.cli.iam.holders import HOLDER_HELP, matching_holder, short_name, who_is_absent
from kennel.cli.iam.moments import MOMENT_HELP, parse_moment, show_moment
from kennel.cli.iam.recorded import read_decisions
from kennel.cli.table import print_table
from kennel.decisions import Outcome, RecordedDecision

__all__ = ["configure", "run"]

POLL_SECONDS = 1.0
_DENIED = (Outcome.DENIED, Outcome.OBSERVED)
_OWN = "kennel:ListDecisions"  # every look is one
_HEADINGS = ("LAST", "RESULT", "COUNT", "WHO", "ACTION", "RESOURCE", "WHY")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("principal", metavar="ROLE|USER", nargs="?", help=HOLDER_HELP)
    parser.add_argument(
        "--denied", action="store_true", help="only what policies deny, passed or not"
    )
    parser.add_argument("--since", metavar="TIME", default="", help=f"asked since: {MOMENT_HELP}")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on printing what is asked, until Ctrl-C"
    )
    parser.add_argument(
        "--json", action="store_true", help="print a JSON list; with --follow an object a line"
    )


def run(arguments: argparse.Namespace) -> int:
    since = parse_moment(arguments.since, "--since") if arguments.since else 0.0
    outcomes = _DENIED if arguments.denied else ()
    plane = connect(state_folder(arguments))
    found = _read(plane, arguments.principal, outcomes, since)
    if arguments.follow:
        return _follow(plane, arguments, outcomes, found)
    if arguments.json:
        print(json.dumps([msgspec.to_builtins(one) for one in found], indent=2))
    elif not found:
        print("Nothing was denied." if arguments.denied else "Nothing was asked.")
    else:
        print_table(_HEADINGS, _rows(found), cut="WHY")
    return 0


def _read(
    plane: Connection, named: str | None, outcomes: Sequence[Outcome], since: float
) -> list[RecordedDecision]:
    found = list(read_decisions(plane, outcomes=outcomes, since=since))
    if named is not None:
        holder = matching_holder(named, (one.holder for one in found))
        if holder is None:
            _check_name(plane, named)
        found = [one for one in found if one.holder == holder]
    return sorted(
        (one for one in found if one.action != _OWN or one.outcome in _DENIED),
        key=lambda one: one.last,
    )


def _check_name(plane: Connection, named: str) -> None:
    """Raises CommandError for a name that neither the record nor IAM has."""
    if matching_holder(named, (one.holder for one in read_decisions(plane))) is not None:
        return
    with aws_errors():
        absent = who_is_absent(plane.client("iam"), named)
    if absent:
        raise CommandError(f"{absent}, and no call of one is recorded.")


def _follow(
    plane: Connection,
    arguments: argparse.Namespace,
    outcomes: Sequence[Outcome],
    found: list[RecordedDecision],
) -> int:
    """Prints what is there and then what comes. A line that grew is printed again."""
    counts: dict[int, int] = {}
    while True:
        for one in found:
            if counts.get(one.id) == one.count:
                continue
            counts[one.id] = one.count
            if arguments.json:
                print(json.dumps(msgspec.to_builtins(one)))
            else:
                print("  ".join(cell or "-" for cell in _row(one)))
        sys.stdout.flush()
        time.sleep(POLL_SECONDS)
        latest = max((one.last for one in found), default=0.0)
        try:
            new = _read(plane, arguments.principal, outcomes, latest)
        except CommandError:
            if _is_there(plane):
                raise
            raise CommandError("The plane is gone, so nothing more is printed.") from None
        found = new or found


def _is_there(plane: Connection) -> bool:
    try:
        return plane.get("/_kennel/status")[0] == 200
    except CommandError:
        return False


def _rows(found: Sequence[RecordedDecision]) -> list[tuple[str, ...]]:
    """A row each; those that would look alike have the facts in which they differ behind WHY."""
    alike: defaultdict[tuple[str, ...], list[RecordedDecision]] = defaultdict(list)
    for one in found:
        alike[_look(one)].append(one)
    rows = []
    for one in found:
        others = alike[_look(one)]
        keys = {key for other in others for key in other.facts}
        differing = [
            f"{key}={','.join(one.facts.get(key, ('-',)))}"
            for key in sorted(keys)
            if len({other.facts.get(key) for other in others}) > 1
        ]
        row = _row(one)
        rows.append((*row[:-1], f"{row[-1]} ({', '.join(differing)})") if differing else row)
    return rows


def _look(one: RecordedDecision) -> tuple[str, ...]:
    return one.outcome, one.holder, one.action, one.resource, _why(one)


def _row(one: RecordedDecision) -> tuple[str, ...]:
    return (
        show_moment(one.last),
        one.outcome,
        f"{one.count:,}",
        short_name(one.holder),
        one.action,
        one.resource,
        _why(one),
    )


def _why(one: RecordedDecision) -> str:
    reason = one.reason
    statements = ", ".join(reason.statements)
    if one.outcome is Outcome.ALLOWED:
        return statements
    if reason.explicit:
        return f"an explicit deny in a {reason.by}: {statements}"
    return f"no {reason.by} allows it"
