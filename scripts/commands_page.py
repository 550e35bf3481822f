"""Writes docs/commands.md from the command line's own tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from kennel.cli.main import COMMANDS, Command, configure_command, load_command
from kennel.settings import SETTINGS

__all__ = ["PAGE", "main", "page"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"

_HEAD = """\
# The `kennel` command

<!-- Made from the code by `make docs`. -->

Every command takes `--state DIR`, or the variable `KENNEL_STATE`, to say which plane it means;
planes with folders of their own run side by side. All commands but `up` and `down` are clients:
they use the AWS API, with the root user's keys from the state folder.

Exit codes: 0 it worked, 1 it did not, 2 it can't be done as asked (a bad option, a taken port, a
folder that can't be used). What went wrong is one sentence on standard error.

## Settings of a plane

An option wins over its variable, and that over the default.

| option | variable | default | meaning |
| --- | --- | --- | --- |
"""


def page() -> str:
    """The page as it should be."""
    rows = "".join(
        f"| `{s.option} {s.metavar}` | `{s.variable}` | `{s.default}` | {s.help} |\n"
        for s in SETTINGS
    )
    return _HEAD + rows + "".join(_section(command) for command in COMMANDS)


def _section(command: Command) -> str:
    module = load_command(command)
    parser = argparse.ArgumentParser(add_help=False, description=module.__doc__)
    configure_command(module, parser)
    lines = [f"## `kennel {command.name}`", "", " ".join((parser.description or "").split()), ""]
    lines += _arguments(parser)
    for name, sub_parser, purpose in _sub_commands(parser):
        lines += ["", f"`kennel {command.name} {name}`: {purpose}", "", *_arguments(sub_parser)]
    examples = [line.removeprefix("  ") for line in module.EXAMPLES.splitlines()]
    return "\n".join(["", *lines, "", "```sh", *examples, "```", ""])


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.dest == "state":
            continue  # every command has it; the page says so once
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
            continue
        if isinstance(action, argparse._SubParsersAction):
            yield f"- `{action.metavar}`: {' or '.join(f'`{name}`' for name in action.choices)}"
            continue
        spelling = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        if action.option_strings and action.nargs != 0:
            spelling += f" {action.metavar or action.dest.upper()}"
        yield f"- `{spelling}`: {action.help}"


def _sub_commands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Name, parser and purpose of each."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            purposes = {choice.dest: choice.help for choice in action._choices_actions}
            for name, sub_parser in action.choices.items():
                yield name, sub_parser, purposes[name] or ""


def main() -> int:
    """Writes the page; returns the exit code."""
    PAGE.write_text(page())
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
