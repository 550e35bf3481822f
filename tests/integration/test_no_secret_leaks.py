"""No secret is in a log, a reply, a command line or a file that is not meant to keep it.

The stack does a bit of everything, well and badly, with keys and tokens whose texts are known here.
Then whatever it wrote and said is searched for them.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError

from tests.integration.functions import Functions
from tests.planes import Plane

# What is kept has to be kept somewhere: these are for the owner's eyes alone.
_KEEPERS = ("credentials", "kennel.db", "kennel.db-wal", "kennel.db-shm")
_FUNCTION = """
import os

def handler(event, context):
    if event.get("fail"):
        raise ValueError("as asked")
    return os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_SESSION_TOKEN"]
"""


class _Stack:
    """A plane on which things happened, the secrets in them, and all that was answered."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.secrets = {"the root's": plane.connection.secret_access_key}
        self.said: dict[str, str] = {}
        self._use_keys()
        self._run_function()
        self._ask_the_commands()

    def _use_keys(self) -> None:
        iam = self.plane.client("iam")
        iam.create_user(UserName="leaky")
        key = iam.create_access_key(UserName="leaky")["AccessKey"]
        self.secrets["the user's"] = key["SecretAccessKey"]
        session = self.plane.client("sts").get_session_token()["Credentials"]
        self.secrets["the session's"] = session["SecretAccessKey"]
        self.secrets["the session token"] = session["SessionToken"]
        for secret in (key["SecretAccessKey"], key["SecretAccessKey"][::-1]):
            stranger = boto3.client(
                "s3",
                endpoint_url=self.plane.url,
                region_name="us-east-1",
                aws_access_key_id=key["AccessKeyId"],
                aws_secret_access_key=secret,
            )
            for operation in ("list_objects_v2", "head_bucket"):
                with pytest.raises(ClientError) as caught:
                    getattr(stranger, operation)(Bucket="nobodys")
                self.said[f"{operation} {secret[:1]}"] = json.dumps(caught.value.response)
        url = boto3.client(
            "s3",
            endpoint_url=self.plane.url,
            region_name="us-east-1",
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        ).generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
        self.secrets["the url's signature"] = url.rpartition("Signature=")[2].partition("&")[0]
        reply = urllib3.request("GET", url, timeout=30.0)
        assert reply.status == 404

    def _run_function(self) -> None:
        functions = Functions(self.plane)
        functions.create("leaky", _FUNCTION)
        secret, token = functions.invoke("leaky", {})["json"]
        self.secrets |= {"the function's": secret, "the function's token": token}
        failed = functions.invoke("leaky", {"fail": True}, LogType="Tail")
        self.said["the failed function"] = failed["log"] + json.dumps(failed["json"])
        self.said["the function's log"] = "\n".join(functions.lines("leaky"))

    def _ask_the_commands(self) -> None:
        commands = (("status",), ("status", "--json"), ("ps",), ("iam", "decisions"))
        for words in (*commands, ("logs", "leaky"), ("iam", "decisions", "--json")):
            done = self.plane.command(*words)
            self.said[" ".join(words)] = done.stdout + done.stderr
        self.said["the plane's output"] = self.plane.output


@pytest.fixture(scope="module")
def stack(module_plane_factory: Any) -> _Stack:
    return _Stack(module_plane_factory())


def _found(stack: _Stack, text: str) -> list[str]:
    return [name for name, secret in stack.secrets.items() if secret in text]


def _files(state: Path) -> Iterator[Path]:
    yield from (path for path in state.rglob("*") if path.is_file() and not path.is_symlink())


def test_no_reply_no_log_and_no_command_says_a_secret(stack: _Stack) -> None:
    assert all(stack.secrets.values())
    assert stack.said["status"]
    for what, text in stack.said.items():
        assert not _found(stack, text), what


def test_no_file_holds_a_secret_but_those_that_are_for_it(stack: _Stack) -> None:
    for path in _files(stack.plane.state):
        name = str(path.relative_to(stack.plane.state))
        if name not in _KEEPERS:
            assert not _found(stack, path.read_bytes().decode("latin-1")), name


def test_nobody_else_on_the_machine_can_read_the_state(stack: _Stack) -> None:
    assert stat.S_IMODE(stack.plane.state.stat().st_mode) == 0o700
    for name in ("credentials", "ca/ca.key"):
        assert stat.S_IMODE((stack.plane.state / name).stat().st_mode) == 0o600, name


def test_no_command_line_has_a_secret(stack: _Stack) -> None:
    mark = os.fsencode(stack.plane.state)
    seen = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        seen += mark in line
        assert not _found(stack, line.decode("latin-1")), line
    assert seen, "the plane is not among them"


def test_an_unknown_key_and_a_wrong_signature_end_at_once(stack: _Stack) -> None:
    reply = urllib3.request(
        "POST",
        stack.plane.url,
        headers={
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAUNKNOWN/20260101/us-east-1/iam/"
            "aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
            "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
            "Content-Type": "application/x-www-form-urlencoded",
        },
        body=b"Action=ListUsers&Version=2010-05-08&x=" + b"x" * (6 << 20),
        timeout=30.0,
    )
    assert reply.status == 403
    assert b"InvalidClientTokenId" in reply.data
