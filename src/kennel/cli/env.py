"""Prints shell lines that point every AWS client of that shell at the plane."""

from __future__ import annotations

import argparse
import shlex

from kennel.cli.connection import connect, state_folder

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  eval "$(kennel env)"
  eval "$(kennel env --unset)"            # back to AWS
  eval "$(kennel env --state /tmp/other)" && aws sts get-caller-identity"""

_NAMES = (
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)
# What would win over the lines above, or send clients elsewhere all the same.
_IN_THE_WAY = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--unset", action="store_true", help="print the lines that take the variables away again"
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.unset:
        print(f"unset {' '.join(_NAMES)}")
        return 0
    plane = connect(state_folder(arguments))
    values = (
        plane.url,
        plane.region,
        plane.region,
        plane.access_key_id,
        plane.secret_access_key,
    )
    for name, value in zip(_NAMES, values, strict=True):
        print(f"export {name}={shlex.quote(value)}")
    print(f"unset {' '.join(_IN_THE_WAY)}")
    return 0
