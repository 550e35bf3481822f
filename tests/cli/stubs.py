"""Clients that answer from a script, held to botocore's models: for what is about a command's own
output, not about the plane."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import boto3
from botocore.stub import Stubber

from kennel.cli.connection import Connection

__all__ = ["stubbed_plane"]


def stubbed_plane(
    answers: dict[str, list[tuple[str, Any]]], policy_time: datetime | None = None
) -> Connection:
    """A plane whose clients give `answers[service]` in order, each an (operation, reply); a reply
    that is a string is the code of an error. Anything else that is asked fails the test. Its policy
    time is wall time if none is given."""
    clients: dict[str, Any] = {}
    for service in ("sagemaker", "lambda", "logs"):
        client = boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url="http://127.0.0.1:9",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        stubber = Stubber(client)
        for operation, reply in answers.get(service, []):
            if isinstance(reply, str):
                stubber.add_client_error(operation, reply, "said so")
            else:
                stubber.add_response(operation, reply)
        stubber.activate()
        clients[service] = client

    class Stubbed:
        def client(self, service: str) -> Any:
            return clients[service]

        def policy_time(self) -> datetime:
            return policy_time or datetime.now(UTC)

    return cast(Connection, Stubbed())
