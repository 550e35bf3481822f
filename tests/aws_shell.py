"""The environment of somebody who works on AWS: a profile, keys, endpoints, all would-be real."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.planes import clean_environment

__all__ = ["aws_shell", "under_kennel_run"]

_KEYS = "aws_access_key_id = AKIAREALREALREALREAL\naws_secret_access_key = wouldbereal\n"


def aws_shell(home: Path) -> dict[str, str]:
    """The variables of such a shell, whose home folder is made with AWS's two files in it."""
    folder = home / ".aws"
    folder.mkdir(parents=True)
    (folder / "credentials").write_text(f"[default]\n{_KEYS}[prod]\n{_KEYS}")
    (folder / "config").write_text(
        "[default]\nregion = eu-west-1\n"
        "[profile prod]\nregion = us-west-2\nendpoint_url = https://sts.us-west-2.amazonaws.com\n"
    )
    token = home / "token"
    token.write_text("would-be-real")
    kept = {
        name: value
        for name, value in clean_environment().items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    return kept | {
        "HOME": str(home),
        "AWS_PROFILE": "prod",
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "wouldbereal",
        "AWS_REGION": "us-west-2",
        "AWS_ENDPOINT_URL_S3": "https://s3.us-west-2.amazonaws.com",
        "AWS_ENDPOINT_URL_STS": "https://sts.us-west-2.amazonaws.com",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_ROLE_ARN": "arn:aws:iam::000000000001:role/real",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
        "NO_PROXY": "*",
        # A client that does try to leave must not take minutes to give up.
        "AWS_MAX_ATTEMPTS": "1",
        "RES_OPTIONS": "timeout:1 attempts:1",
        "PATH": os.environ["PATH"],
    }


def under_kennel_run(script: str, network: str) -> str:
    """A shell script with a plane of its own, in which `run` is `kennel run`."""
    kennel = f"{sys.executable} -m kennel"
    return f"""
set -eu
export KENNEL_STATE="$HOME/state"
{kennel} up --detach --port 0 >/dev/null
trap '{kennel} down >/dev/null' EXIT
run() {{ {kennel} run --network {network} -- "$@"; }}
{script}
"""
