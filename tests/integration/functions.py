"""Functions for tests: archives, a role, and the calls that every test makes."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

from tests.inside import WHO
from tests.roles import role_arn

__all__ = ["ECHO", "Functions", "archive"]

ECHO = (
    WHO
    + """
import os

def handler(event, context):
    print("asked", event)
    return {"event": event, "pid": who(os.getpid())}
"""
)


def archive(files: dict[str, str | bytes], *, stored: bool = False) -> bytes:
    """A zip with these files, compressed unless `stored`."""
    buffer = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


class Functions:
    """Makes and invokes functions on a plane, by boto3 alone."""

    def __init__(self, plane: Any) -> None:
        self.client = plane.client("lambda")
        self.logs = plane.client("logs")
        self._iam = plane.client("iam")
        self.role = self.role_named("functions")

    def role_named(self, name: str) -> str:
        """The ARN of a role that functions can have, made unless it is there."""
        return role_arn(self._iam, name)

    def create(self, name: str, script: str, **changes: Any) -> dict[str, Any]:
        """A function of one module, Active when this returns."""
        request: dict[str, Any] = {
            "FunctionName": name,
            "Role": self.role,
            "Runtime": "python3.11",
            "Handler": "main.handler",
            "Code": {"ZipFile": archive({"main.py": script})},
            **changes,
        }
        made: dict[str, Any] = self.client.create_function(**request)
        self.client.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
        )
        return made

    def invoke(self, name: str, event: Any = None, **options: Any) -> dict[str, Any]:
        """The reply with its payload read, as `json`, and its log decoded, as `log`."""
        if event is not None:
            options["Payload"] = json.dumps(event).encode()
        reply: dict[str, Any] = self.client.invoke(FunctionName=name, **options)
        text = reply["Payload"].read()
        reply["json"] = json.loads(text) if text else None
        reply["log"] = base64.b64decode(reply.get("LogResult", "")).decode()
        return reply

    def lines(self, name: str) -> list[str]:
        """Everything that the function's log group holds."""
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{name}"
        )
        try:
            return [event["message"] for page in pages for event in page["events"]]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
