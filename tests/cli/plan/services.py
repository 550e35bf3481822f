"""Clients that answer from a script, in order, held to botocore's models."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.stub import ANY, Stubber

__all__ = ["ANY", "ScriptedService"]


class ScriptedService:
    """A `Service` whose clients give the answers of `script[service]`: (operation, reply), or
    (operation, reply, expected arguments). A reply that is a string is an error's code."""

    region = "us-east-1"
    where = "a script"

    def __init__(self, script: dict[str, list[tuple[Any, ...]]]) -> None:
        self._clients: dict[str, Any] = {}
        self.stubbers: list[Stubber] = []
        for service, answers in script.items():
            client = boto3.client(
                service,
                region_name=self.region,
                aws_access_key_id="a",
                aws_secret_access_key="b",
            )
            stubber = Stubber(client)
            for operation, reply, *expected in answers:
                if isinstance(reply, str):
                    stubber.add_client_error(operation, reply)
                else:
                    stubber.add_response(operation, reply, *expected)
            stubber.activate()
            self.stubbers.append(stubber)
            self._clients[service] = client

    def client(self, service: str, **config: Any) -> Any:
        return self._clients[service]

    def assert_all_asked(self) -> None:
        for stubber in self.stubbers:
            stubber.assert_no_pending_responses()
