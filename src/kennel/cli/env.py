"""Prints shell lines that point every AWS client of that shell at the plane."""

from __future__ import annotations

import argparse
import os
import re
import shlex

from kennel.cli.connection import connect, state_folder
from kennel.client_environment import without_aws_settings

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  eval "$(kennel env)"
  eval "$(kennel env --unset)"            # and away from it again
  eval "$(kennel env --state /tmp/other)" && aws sts get-caller-identity"""

_NAMES = (
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)
# What would win over the lines above, or send clients elsewhere all the same; and whatever else of
# that kind the shell has (endpoints of single services, FIPS, web identities).
_IN_THE_WAY = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
_PLAIN_NAME = re.compile(r"AWS_\w+", re.ASCII)
_NOT_IN_THE_WAY = frozenset(
    {
        "AWS_CA_BUNDLE",
        "AWS_CONFIG_FILE",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_SHARED_CREDENTIALS_FILE",
    }
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--unset",
        action="store_true",
        help="print the lines that take the variables away again; what they replaced stays gone",
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
    others = os.environ.keys() - without_aws_settings(os.environ).keys()
    # Only plain names: a shell is to evaluate them.
    others = {name for name in others if _PLAIN_NAME.fullmatch(name)}
    others -= {*_NOT_IN_THE_WAY, *_NAMES, *_IN_THE_WAY}
    print(f"unset {' '.join((*_IN_THE_WAY, *sorted(others)))}")
    return 0
