"""The service within a plane of this process, for callers that do not come over the wire."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kennel.gateway.plane import ACCOUNT_ID, Plane
from kennel.identity import Principal
from kennel.services import Context
from kennel.services.lambda_.errors import ResourceConflictException, ResourceNotFoundException
from kennel.settings import Settings
from tests.integration.functions import archive
from tests.planes import wait_until
from tests.roles import EVERYTHING, TRUST

SCRIPT = "def handler(event, context):\n    print('hello')\n    return 1 / event\n"


class Stage:
    """A plane with its loop on a thread."""

    def __init__(self, state: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        state.mkdir()
        self.plane = Plane(Settings(state=state), "http://127.0.0.1:9")
        self.plane.start()
        self._on_loop(lambda: self.plane.functions.attach(self._loop))
        self.plane.start_services()
        self.role = self.call(
            "iam", "CreateRole", RoleName="runs", AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]
        self.call(
            "iam",
            "PutRolePolicy",
            RoleName="runs",
            PolicyName="allowed",
            PolicyDocument=json.dumps(EVERYTHING),
        )

    def stop(self) -> None:
        self.plane.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def context(self) -> Context:
        return self.plane.dispatcher.context(Principal.root(ACCOUNT_ID))

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.context.call(service, operation, **parameters)

    def create(self, name: str, **changes: Any) -> None:
        self.call(
            "lambda",
            "CreateFunction",
            **{
                "FunctionName": name,
                "Role": self.role,
                "Runtime": "python3.11",
                "Handler": "main.handler",
                "Code": {"ZipFile": archive({"main.py": SCRIPT})},
                **changes,
            },
        )
        wait_until(lambda: self.state(name) != "Pending")

    def state(self, name: str) -> str:
        found = self.call("lambda", "GetFunctionConfiguration", FunctionName=name)
        return str(found["State"])

    def _on_loop(self, work: Any) -> None:
        async def run() -> None:
            work()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("lambda") / "state")
    yield made
    made.stop()


def test_another_service_can_invoke_a_function(stage: Stage) -> None:
    stage.create("dogs")
    reply = stage.call("lambda", "Invoke", FunctionName="dogs", Payload=b"2", LogType="Tail")
    assert (reply["StatusCode"], reply["Payload"]) == (200, b"0.5")
    assert reply["ExecutedVersion"] == "$LATEST"
    assert b"hello" in base64.b64decode(reply["LogResult"])
    failed = stage.call("lambda", "Invoke", FunctionName="dogs", Payload=b"0")
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"])["errorType"] == "ZeroDivisionError"


def test_code_that_can_not_be_unpacked_fails_the_function_until_it_gets_better_code(
    stage: Stage,
) -> None:
    broken = bytearray(archive({"main.py": SCRIPT * 50}))
    broken[60] ^= 0xFF  # in the middle of the packed data: the table of contents is whole
    stage.create("ill", Code={"ZipFile": bytes(broken)})
    found = stage.call("lambda", "GetFunctionConfiguration", FunctionName="ill")
    assert (found["State"], found["StateReasonCode"]) == ("Failed", "InvalidZipFileException")
    with pytest.raises(ResourceConflictException, match="following state: Failed"):
        stage.call("lambda", "Invoke", FunctionName="ill", Payload=b"1")
    better = archive({"main.py": SCRIPT})
    stage.call("lambda", "UpdateFunctionCode", FunctionName="ill", ZipFile=better)
    wait_until(lambda: stage.state("ill") == "Active")
    assert stage.call("lambda", "Invoke", FunctionName="ill", Payload=b"1")["Payload"] == b"1.0"


def test_a_function_whose_role_is_gone_says_so(stage: Stage) -> None:
    role = stage.call(
        "iam", "CreateRole", RoleName="leaves", AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    stage.create("orphan", Role=role)
    stage.call("iam", "DeleteRole", RoleName="leaves")
    with pytest.raises(Exception, match="cannot be assumed by Lambda"):
        stage.call("lambda", "Invoke", FunctionName="orphan", Payload=b"1")


def test_code_that_no_function_has_any_more_is_deleted(stage: Stage) -> None:
    folder = stage.plane.settings.state / "lambda" / "code"
    stage.create("short")
    stage.call("lambda", "Invoke", FunctionName="short", Payload=b"1")
    known = set(folder.iterdir())
    better = archive({"main.py": SCRIPT, "more.py": ""})
    stage.call("lambda", "UpdateFunctionCode", FunctionName="short", ZipFile=better)
    wait_until(lambda: len(known - set(folder.iterdir())) == 3)
    stage.call("lambda", "DeleteFunction", FunctionName="short")
    wait_until(lambda: not set(folder.iterdir()) - known)
    with pytest.raises(ResourceNotFoundException):
        stage.call("lambda", "Invoke", FunctionName="short", Payload=b"1")


def test_a_dry_run_of_new_code_changes_nothing(stage: Stage) -> None:
    stage.create("trial")
    before = stage.call("lambda", "GetFunctionConfiguration", FunctionName="trial")
    shown = stage.call(
        "lambda",
        "UpdateFunctionCode",
        FunctionName="trial",
        ZipFile=archive({"other.py": ""}),
        DryRun=True,
    )
    assert shown["CodeSha256"] != before["CodeSha256"]
    assert stage.call("lambda", "GetFunctionConfiguration", FunctionName="trial") == before
