"""Runs a program unchanged against the plane, and keeps it from AWS.

The program gets the plane's endpoint, region and credentials, and a proxy that answers for every
host of AWS's; profiles, keys and endpoints of the shell's own do not reach it. Its network is one
of its own, with no other way out than that proxy, where the machine gives network namespaces.
Hosts that are not AWS's it reaches as ever, but for those on this machine itself.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from kennel.cli.connection import connect, state_folder
from kennel.cli.errors import UsageError
from kennel.cli.program import (
    ROOT,
    Published,
    identity_keys,
    program_environment,
    run_program,
)

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel run -- python train_and_deploy.py
  kennel run -- aws s3 sync dogImages s3://photos
  kennel run --role analyst -- python caller.py          # as that role, not as the default one
  kennel run --publish 8888 -- jupyter lab --no-browser  # and open it in a browser out here
  kennel run --network host -- ./needs-my-database.sh"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = (
        "kennel run [--role ROLE] [--network KIND] [--publish PORT] [--state DIR] "
        "[--] COMMAND [ARGUMENT ...]"
    )
    configure_program(parser)
    parser.add_argument("program", nargs=argparse.REMAINDER, metavar="COMMAND", help="what to run")


def configure_program(parser: argparse.ArgumentParser) -> None:
    """Adds the options of every command that runs a program."""
    parser.add_argument(
        "--role",
        metavar="ROLE",
        help=f"the role to run as, by name or ARN, or {ROOT} for the account's root user "
        "(default: an execution role that may do everything, made at first need)",
    )
    parser.add_argument(
        "--network",
        choices=("isolated", "host"),
        default="isolated",
        help="isolated: the proxy is the only way out; host: this machine's network, where a "
        "program that ignores its proxy settings could reach AWS (default: isolated)",
    )
    parser.add_argument(
        "--publish",
        metavar="[OUTSIDE:]INSIDE",
        action="append",
        default=[],
        type=_published,
        help="make a port that the program listens on reachable from this machine; may be given "
        "more than once",
    )


def run(arguments: argparse.Namespace) -> int:
    command = arguments.program
    if command[:1] == ["--"]:
        command = command[1:]
    if not command:
        raise UsageError("There is nothing to run. Name a command: kennel run -- COMMAND.")
    return run_against_plane(arguments, command)


def run_against_plane(arguments: argparse.Namespace, command: list[str]) -> int:
    """Runs a command as the options of `configure_program` say; returns its exit code."""
    if shutil.which(command[0]) is None and os.path.isfile(command[0]):
        raise UsageError(
            f"{command[0]} is not executable. Make it so (chmod +x), or name its interpreter."
        )
    if shutil.which(command[0]) is None:
        raise UsageError(
            f"There is no program {command[0]}. Name one that your PATH has, or its path."
        )
    state = state_folder(arguments)
    plane = connect(state)
    keys = identity_keys(plane, arguments.role)
    sys.stdout.flush()
    return run_program(
        command,
        program_environment(os.environ, plane, state, keys),
        url=plane.url,
        isolate=arguments.network == "isolated",
        publish=arguments.publish,
        warn=lambda sentence: print(f"kennel: {sentence}.", file=sys.stderr),
    )


def _published(text: str) -> Published:
    outside, _, inside = text.rpartition(":")
    ports = (outside or inside, inside)
    if not all(port.isascii() and port.isdigit() and 0 < int(port) < 65536 for port in ports):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, nor OUTSIDE:INSIDE")
    return Published(int(ports[0]), int(ports[1]))
