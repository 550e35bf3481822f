"""Shows what policies decided, and what policies ought to say."""

from __future__ import annotations

import argparse
from typing import Protocol

from kennel.cli.iam import decisions
from kennel.cli.iam.audit import command as audit
from kennel.cli.iam.generate import command as generate

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel iam decisions --denied             # the first look after an AccessDenied
  kennel iam decisions trainer --follow
  kennel iam decisions user/ada --since 1h --json
  kennel iam generate trainer > policy.json
  kennel iam generate trainer --exact --explain
  kennel iam generate user/ada --since 2h --inline --json | jq .proof
  kennel iam audit
  kennel iam audit --fail-on high --sarif > audit.sarif"""


class _SubCommand(Protocol):
    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


_SUB_COMMANDS: tuple[tuple[str, _SubCommand, str], ...] = (
    ("decisions", decisions, "list what was asked of policies, and how they answered"),
    ("generate", generate, "write the smallest policy that the recorded calls need"),
    ("audit", audit, "say what is granted that should not be, and what mends it"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    for name, module, purpose in _SUB_COMMANDS:
        sub_parser = commands.add_parser(
            name,
            help=purpose,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(sub_parser)
        # People write it last; the command's own --state would have to come before KIND.
        sub_parser.add_argument("--state", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    return next(module for name, module, _ in _SUB_COMMANDS if name == arguments.kind).run(
        arguments
    )
