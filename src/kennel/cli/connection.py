"""How a command reaches the plane of a state folder: its URL, its keys, its clients."""

from __future__ import annotations

import argparse
import configparser
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kennel.cli.errors import CommandError, UsageError
from kennel.plane_record import PlaneRecord
from kennel.settings import SETTINGS

__all__ = ["Connection", "aws_errors", "connect", "state_folder"]

_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A running plane, as its root user sees it; with a session token, as somebody else does."""

    url: str
    region: str
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client; the plane is asked whatever the caller's environment says. `config` is
        for botocore's Config."""
        import boto3
        from botocore.config import Config

        return boto3.Session(botocore_session=_session_without_profiles()).client(
            service,
            config=Config(proxies={}, **config),  # the plane is on this machine
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            aws_session_token=self.session_token,
        )

    def get(self, path: str) -> tuple[int, bytes]:
        """A signed GET of one of the plane's own pages: status and body.

        Without boto3, whose import alone takes longer than the page. Raises CommandError.
        """
        from urllib.error import HTTPError, URLError
        from urllib.request import ProxyHandler, Request, build_opener

        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        signed = AWSRequest("GET", self.url + path)
        keys = Credentials(self.access_key_id, self.secret_access_key, self.session_token)
        SigV4Auth(keys, "kennel", self.region).add_auth(signed)
        request = Request(self.url + path, headers=dict(signed.headers.items()))
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT) as reply:
                return reply.status, reply.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()
        except URLError as error:
            raise CommandError(
                f"The plane at {self.url} does not answer: {error.reason}."
            ) from None

    def status(self) -> dict[str, Any]:
        """What the plane says of itself. Raises CommandError."""
        status, body = self.get("/_kennel/status")
        if status != 200:
            raise CommandError(f"The plane at {self.url} answered {status} to a status request.")
        found: dict[str, Any] = json.loads(body)
        return found

    def policy_time(self) -> datetime:
        """The policy time now, by which capacity is held and metrics go. Raises CommandError."""
        return datetime.fromtimestamp(self.status()["clock"]["policy"], UTC)


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turns what boto3 raises into a CommandError with AWS's own code and message."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        detail = error.response.get("Error", {})
        raise CommandError(
            f"{error.operation_name} failed: {detail.get('Code', 'Unknown')}: "
            f"{detail.get('Message', 'no message')}"
        ) from error
    except BotoCoreError as error:
        raise CommandError(f"The plane can't be asked: {error}") from error
    except ResponseParserError as error:  # of neither family
        reason = " ".join(str(error).split())
        raise CommandError(f"The plane's reply can't be read: {reason}") from error


def state_folder(arguments: argparse.Namespace) -> Path:
    """The folder that `--state` or KENNEL_STATE names. Raises UsageError."""
    setting = next(setting for setting in SETTINGS if setting.name == "state")
    try:
        folder: Path = setting.read(arguments.state, os.environ)
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    return folder


def connect(state: Path) -> Connection:
    """The plane that runs on a state folder. Raises CommandError if none does."""
    record = PlaneRecord.read(state)
    if record is None or not record.is_alive():
        raise CommandError(
            f"No plane is running on {state}. Start one with `kennel up --detach`, "
            "or name another's folder with --state."
        )
    access_key_id, secret_access_key = _read_keys(state / "credentials")
    return Connection(record.url, record.region, access_key_id, secret_access_key)


def _session_without_profiles() -> Any:
    """A botocore session that reads no file of the person's: a profile that is not there, or is
    of another account, must not matter."""
    from botocore.session import Session

    nothing = (None, None, None, None)
    return Session(
        session_vars={
            "profile": nothing,
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
            "use_fips_endpoint": nothing,
            "use_dualstack_endpoint": nothing,
        }
    )


def _read_keys(path: Path) -> tuple[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text())
        section = parser["default"]
        return section["aws_access_key_id"], section["aws_secret_access_key"]
    except (OSError, KeyError, configparser.Error) as error:
        raise CommandError(f"The plane's keys in {path} can't be read: {error}.") from None
