"""The `kennel` command: which commands there are, and how their failures look."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol, cast

from kennel import __version__
from kennel.cli.errors import CommandError
from kennel.settings import SETTINGS

__all__ = ["COMMANDS", "Command", "CommandModule", "configure_command", "load_command", "main"]

INTERRUPTED = 130  # what shells expect of a command that Ctrl-C ended


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table: `kennel NAME` is run by `module`."""

    name: str
    module: str
    help: str


class CommandModule(Protocol):
    """What a command's module offers; its docstring is the description in `--help`."""

    EXAMPLES: str

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


COMMANDS: tuple[Command, ...] = (
    Command("up", "kennel.cli.up", "start the plane"),
    Command("down", "kennel.cli.down", "stop the plane"),
    Command("status", "kennel.cli.status", "show how the plane does"),
    Command("ps", "kennel.cli.ps", "list what is running"),
    Command("logs", "kennel.cli.logs", "print a job's, an endpoint's or a function's log"),
    Command("env", "kennel.cli.env", "print the environment that points AWS clients here"),
    Command("run", "kennel.cli.run", "run a program unchanged against the plane"),
    Command("notebook", "kennel.cli.notebook", "run a notebook against the plane"),
    Command("load", "kennel.cli.load.command", "put an endpoint or a function under load"),
    Command("plan", "kennel.cli.plan.command", "say what a scaling setting will do, and cost"),
    Command("iam", "kennel.cli.iam.command", "show what policies decided, and should say"),
    Command("data", "kennel.cli.data", "draw or download a labelled picture set"),
    Command("weights", "kennel.cli.weights", "keep pretrained weights for jobs and endpoints"),
    Command("demo", "kennel.cli.demo", "run the main job from beginning to end"),
)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        option, lacks, _ = message.partition(": expected one argument")
        if lacks:  # argparse says so of `--rate -5/s` too
            name = option.removeprefix("argument ")
            message = f"{name} needs a value; one that begins with a dash is written {name}=-…"
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code: 0, 1 (failed) or 2 (asked wrongly)."""
    typed = list(sys.argv[1:] if argv is None else argv)
    parser, modules = _parser(typed)
    arguments = parser.parse_args(typed)
    try:
        code = modules[arguments.command].run(arguments)
        sys.stdout.flush()  # here, where a closed pipe is still ours to handle
        return code
    except CommandError as error:
        print(f"kennel: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser(typed: Sequence[str]) -> tuple[_Parser, dict[str, CommandModule]]:
    """The parser, with only the typed command's module imported: the rest would cost its start."""
    parser = _Parser(
        prog="kennel",
        description="Runs AWS machine-learning operations for real, on your own machine.",
        epilog="kennel COMMAND --help shows a command's options and examples.",
    )
    parser.add_argument("--version", action="version", version=f"kennel {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    modules: dict[str, CommandModule] = {}
    for command in COMMANDS:
        if command.name not in typed:
            commands.add_parser(command.name, help=command.help)
            continue
        module = modules[command.name] = load_command(command)
        subparser = commands.add_parser(
            command.name,
            help=command.help,
            description=module.__doc__,
            epilog="examples:\n" + module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        configure_command(module, subparser)
    return parser, modules


def load_command(command: Command) -> CommandModule:
    """Imports a command's module."""
    return cast(CommandModule, importlib.import_module(command.module))


def configure_command(module: CommandModule, parser: argparse.ArgumentParser) -> None:
    """Adds `--state`, which every command has, and the command's own arguments."""
    setting = next(setting for setting in SETTINGS if setting.name == "state")
    parser.add_argument(
        setting.option,
        metavar=setting.metavar,
        help=f"{setting.help} (default: ${setting.variable}, else {setting.default})",
    )
    module.configure(parser)
