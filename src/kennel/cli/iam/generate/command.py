"""Prints the smallest policy that a role's or a user's recorded calls need, and proves it.

The policy goes to standard output, as JSON; everything else to standard error. Resources are named
as they were used. A wildcard stands only where names vary (a time in a job's name, log streams,
many objects of a folder), and its reason is said. Calls that were denied are left out. The
recording is then played again: every call that was allowed must be allowed by the new policy, every
one that was denied must stay denied. Exit code 1 if not."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from kennel.cli.connection import Connection, aws_errors, connect, state_folder
from kennel.cli.errors import CommandError, UsageError
from kennel.cli.iam.generate.applying import apply
from kennel.cli.iam.generate.calls import Calls, since_made, sort_calls
from kennel.cli.iam.generate.current import Holder, read_holder
from kennel.cli.iam.generate.fitting import INLINE_LIMITS, MANAGED_LIMIT, Generated, generate
from kennel.cli.iam.generate.kept import keep
from kennel.cli.iam.generate.lint import lint
from kennel.cli.iam.generate.proof import prove
from kennel.cli.iam.generate.report import advice, as_json, commands, lines
from kennel.cli.iam.holders import HOLDER_HELP, matching_holder, short_name, who_is_absent
from kennel.cli.iam.moments import MOMENT_HELP, parse_moment
from kennel.cli.iam.recorded import read_decisions
from kennel.decisions import RecordedDecision
from kennel.policy import Policies

__all__ = ["configure", "run"]

_NAME = "least-privilege"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("principal", metavar="ROLE|USER", help=HOLDER_HELP)
    parser.add_argument("others", nargs="*", help=argparse.SUPPRESS)  # to refuse them in words
    calls = parser.add_argument_group("which calls")
    calls.add_argument("--since", metavar="TIME", default="", help=f"made since {MOMENT_HELP}")
    calls.add_argument("--until", metavar="TIME", default="", help="made until then")
    calls.add_argument("--with-denied", action="store_true", help="also calls that were denied")
    shape = parser.add_argument_group("which policy")
    shape.add_argument(
        "--exact", action="store_true", help="no wildcards: only the resources that were used"
    )
    shape.add_argument(
        "--inline",
        action="store_true",
        help="within the limit of inline policies (10,240 characters of a role, 2,048 of a user) "
        "instead of that of a managed one (6,144)",
    )
    shown = parser.add_argument_group("what is said and done")
    shown.add_argument(
        "--explain", action="store_true", help="also print the calls, and what wildcards stand for"
    )
    shown.add_argument("--json", action="store_true", help="print policy and report as one object")
    shown.add_argument(
        "--apply",
        action="store_true",
        help=f"put it in place as the inline policy `{_NAME}`, and take all others of the role or "
        "user away; what they were goes to standard error",
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.others:
        raise UsageError("A policy is one role's or one user's; name one at a time.")
    plane = connect(state_folder(arguments))
    found = _read(plane, arguments)
    holder = _holder(plane, found[0].holder)
    sorted_calls = sort_calls(since_made(found, holder.made), with_denied=arguments.with_denied)
    calls, kept = keep(sorted_calls, holder)
    if not calls.wanted:
        raise CommandError(
            f"Nothing that {short_name(holder.arn)} asked needs a policy: all of it was "
            + _why_nothing(calls)
        )
    is_inline = arguments.inline or arguments.apply
    limit = INLINE_LIMITS[holder.kind] if is_inline else MANAGED_LIMIT
    generated = generate(calls, limit, kept, exact=arguments.exact)
    findings = lint(generated.documents, holder)
    proof = prove(calls, generated.documents, holder)
    if arguments.json:
        print(json.dumps(as_json(holder, calls, generated, proof, findings), indent=2))
    else:
        print(json.dumps(_shown(generated), indent=2, ensure_ascii=False))
    if not proof.holds:
        _say(lines(holder, calls, generated, proof, findings, explain=arguments.explain))
        raise CommandError(
            f"The proof fails, so the policy is not to be used.{advice(calls, proof)}"
        )
    if not arguments.json:
        _say(lines(holder, calls, generated, proof, findings, explain=arguments.explain))
    if arguments.apply:
        with aws_errors():
            _say(apply(plane.client("iam"), holder, _NAME, generated.documents))
    elif not arguments.json:
        _say(_in_place(holder, generated))
    return 0


def _why_nothing(calls: Calls) -> str:
    if not calls.refused:
        allowed = "allowed by the resources' own policies."
        return allowed if calls.elsewhere else "before it was made anew."
    if all(one.reason.explicit for one in calls.refused):
        return "denied by a Deny, which no Allow cures."
    return "denied; --with-denied takes that too."


def _read(plane: Connection, arguments: argparse.Namespace) -> Sequence[RecordedDecision]:
    """The chosen calls, at least one. Raises UsageError, CommandError."""
    since = parse_moment(arguments.since, "--since") if arguments.since else 0.0
    until = parse_moment(arguments.until, "--until") if arguments.until else None
    if until is not None and until < since:
        raise UsageError("--until is before --since.")
    every = list(read_decisions(plane, since=since, until=until))
    named = arguments.principal
    arn = matching_holder(named, (one.holder for one in every))
    found = [one for one in every if one.holder == arn and not one.action.startswith("kennel:")]
    if not found:
        with aws_errors():
            absent = who_is_absent(plane.client("iam"), named)
        raise CommandError(
            f"No call of {named} is recorded"
            + (" in that time." if arguments.since or arguments.until else ".")
            + (f" {absent}." if absent else "")
            + " `kennel iam decisions` lists what is; --iam=off records nothing."
        )
    return found


def _holder(plane: Connection, arn: str) -> Holder:
    kind, _, name = short_name(arn).partition("/")
    if kind not in ("role", "user", "root"):
        raise UsageError(f"{arn} is neither a role nor a user; no policy of ours binds it.")
    iam = plane.client("iam")
    try:
        with aws_errors():
            return read_holder(iam, arn)
    except CommandError as error:
        cause: Any = error.__cause__
        if getattr(cause, "response", {}).get("Error", {}).get("Code") != "NoSuchEntity":
            raise
        # Its calls are still there; what it was granted is not.
        return Holder(kind, name, arn, Policies(), is_gone=True)


def _shown(generated: Generated) -> Any:
    documents = generated.documents
    return documents[0] if len(documents) == 1 else list(documents)


def _in_place(holder: Holder, generated: Generated) -> list[str]:
    count = len(generated.documents)
    files = ["policy.json"] if count == 1 else [f"policy-{n}.json" for n in range(1, count + 1)]
    return ["To put it in place:", *(f"  {x}" for x in commands(holder, _NAME, files))]


def _say(said: Any) -> None:
    for line in said:
        print(line, file=sys.stderr)
