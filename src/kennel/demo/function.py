"""The function that asks the endpoint: made from a zip, called with a photo's link."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from dataclasses import dataclass
from importlib import resources
from typing import Any

from kennel.cli.errors import CommandError
from kennel.demo.screen import Step
from kennel.demo.timing import CallTiming, read_timing

__all__ = ["Answer", "create", "delete", "invoke", "package", "wait"]

POLL_SECONDS = 0.05
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same code gives the same zip


@dataclass(frozen=True, slots=True)
class Answer:
    """What the function said of a photo: the endpoint's numbers, the whole reply, the time."""

    logits: list[float]
    reply: dict[str, Any]
    timing: CallTiming


def package() -> bytes:
    """The zip of the function's code."""
    source = resources.files("kennel.demo").joinpath("lambda_function.py").read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("lambda_function.py", _EPOCH)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, source)
    return buffer.getvalue()


def create(functions: Any, name: str, role_arn: str, endpoint: str) -> None:
    """Creates the function; `wait` waits for it."""
    functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role_arn,
        Handler="lambda_function.lambda_handler",
        Code={"ZipFile": package()},
        Timeout=30,
        MemorySize=128,
        Environment={"Variables": {"ENDPOINT_NAME": endpoint}},
    )


def wait(functions: Any, name: str, step: Step) -> None:
    """Waits until the function is active. Raises CommandError."""
    while True:
        found = functions.get_function_configuration(FunctionName=name)
        state = found.get("State", "Active")
        if state == "Active":
            return
        if state == "Failed":
            raise CommandError(
                f"The function {name} can't be made ready: "
                f"{found.get('StateReason', 'no reason is given')}"
            )
        step.status(state)
        time.sleep(POLL_SECONDS)


def invoke(functions: Any, name: str, link: str) -> Answer:
    """Asks the function about the photo behind a link. Raises CommandError with its own error."""
    started = time.perf_counter()
    reply = functions.invoke(
        FunctionName=name, LogType="Tail", Payload=json.dumps({"url": link}).encode()
    )
    payload = reply["Payload"].read()
    client_ms = (time.perf_counter() - started) * 1000
    tail = base64.b64decode(reply.get("LogResult", "")).decode(errors="replace")
    if "FunctionError" in reply:
        raise CommandError(
            f"The function {name} failed: {_message(payload)} "
            f"Its log is /aws/lambda/{name}; the end of it:\n{tail.strip()}"
        )
    answer = json.loads(payload)
    (logits,) = json.loads(answer["body"])
    return Answer([float(logit) for logit in logits], answer, read_timing(client_ms, tail))


def delete(functions: Any, name: str) -> None:
    """Deletes the function."""
    functions.delete_function(FunctionName=name)


def _message(payload: bytes) -> str:
    try:
        error = json.loads(payload)
        return f"{error.get('errorType', 'error')}: {error['errorMessage']}."
    except (ValueError, KeyError, AttributeError):
        return payload.decode(errors="replace")
