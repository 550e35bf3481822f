"""A handler's process by boto3 against a real plane: how it starts and ends, and what it sees."""

from __future__ import annotations

import base64
import json
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from tests.inside import kill, lives
from tests.integration.functions import ECHO, Functions, archive
from tests.planes import wait_until


@pytest.mark.parametrize(
    ("name", "script", "handler", "kind", "message"),
    [
        (
            "no-module",
            "import nothere",
            "main.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'main': No module named 'nothere'",
        ),
        (
            "no-file",
            "",
            "other.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
        ),
        (
            "no-handler",
            "",
            "main.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'main'",
        ),
        (
            "bad-name",
            "",
            "main",
            "Runtime.MalformedHandlerName",
            "Bad handler 'main': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "bad-syntax",
            "x = (1",
            "main.handler",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'main': '(' was never closed (main.py, line 1)",
        ),
    ],
)
def test_a_handler_that_can_not_be_loaded(
    functions: Functions, name: str, script: str, handler: str, kind: str, message: str
) -> None:
    functions.create(name, script, Handler=handler)
    reply = functions.invoke(name, {})
    assert reply["FunctionError"] == "Unhandled"
    assert (reply["json"]["errorType"], reply["json"]["errorMessage"]) == (kind, message)


@pytest.mark.parametrize(
    ("name", "line", "kind", "how"),
    [
        ("exits", "sys.exit(1)", "Runtime.ExitError", "with error: exit status 1"),
        ("leaves", "os._exit(0)", "Runtime.ExitError", "without providing a reason"),
        (
            "crashes",
            "os.kill(os.getpid(), 11)",
            "Runtime.ExitError",
            "with error: signal: segmentation fault",
        ),
        ("gorges", "bytearray(1 << 29)", "Runtime.OutOfMemory", "with error: signal: killed"),
    ],
)
def test_a_process_that_ends_is_an_error_and_the_next_invocation_has_a_new_one(
    functions: Functions, name: str, line: str, kind: str, how: str
) -> None:
    functions.create(
        name,
        f"import os, sys\ndef handler(event, context):\n    if event: {line}\n    return 'fine'\n",
    )
    assert functions.invoke(name, {})["json"] == "fine"
    reply = functions.invoke(name, {"go": 1}, LogType="Tail")
    request_id = reply["ResponseMetadata"]["RequestId"]
    assert reply["FunctionError"] == "Unhandled"
    assert reply["json"] == {
        "errorType": kind,
        "errorMessage": f"RequestId: {request_id} Error: Runtime exited {how}",
    }
    assert f"Status: error\tError Type: {kind}" in reply["log"]
    assert functions.invoke(name, {})["json"] == "fine"


def test_a_process_that_dies_between_invocations_is_replaced(functions: Functions) -> None:
    functions.create("mortal", ECHO)
    pid = functions.invoke("mortal", {})["json"]["pid"]
    kill(pid, signal.SIGKILL)
    wait_until(lambda: not lives(pid))
    assert functions.invoke("mortal", {})["json"]["pid"] != pid


def test_a_timeout_ends_the_process_and_keeps_what_it_wrote_to_tmp(functions: Functions) -> None:
    script = """
import os, time

def handler(event, context):
    print(context.get_remaining_time_in_millis() <= 1000)
    with open("/tmp/seen", "a") as file:
        file.write("x")
    if event:
        time.sleep(60)
    return [open("/tmp/seen").read(), os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]]
"""
    functions.create("sleepy", script, Timeout=1)
    _, stream = functions.invoke("sleepy", {})["json"]
    reply = functions.invoke("sleepy", {"sleep": 1}, LogType="Tail")
    request_id = reply["ResponseMetadata"]["RequestId"]
    assert reply["json"] == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
    }
    assert f"{request_id} Task timed out after 1.00 seconds\n" in reply["log"]
    assert reply["log"].splitlines()[1] == "True"
    assert "Duration: 1000.00 ms" in reply["log"]
    assert "Status: timeout" in reply["log"]
    assert functions.invoke("sleepy", {})["json"] == ["xxx", stream]


def test_between_invocations_the_process_does_not_run(functions: Functions) -> None:
    script = """
import threading, time

ticks = []

def tick():
    while True:
        ticks.append(time.monotonic())
        time.sleep(0.01)

threading.Thread(target=tick, daemon=True).start()

def handler(event, context):
    time.sleep(0.1)
    return [max([later - tick for tick, later in zip(ticks, ticks[1:])]), len(ticks)]
"""
    functions.create("ticks", script)
    pause, _ = functions.invoke("ticks", {})["json"]
    assert pause < 1.0
    wait_until(lambda: _all_stopped(functions, "ticks"))
    before = functions.invoke("ticks", {})["json"][1]
    wait_until(lambda: _all_stopped(functions, "ticks"))
    assert functions.invoke("ticks", {})["json"][1] > before


def _all_stopped(functions: Functions, name: str) -> bool:
    wanted = f"AWS_LAMBDA_FUNCTION_NAME={name}\0".encode()
    states = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes():
                states.append((entry / "stat").read_text().rsplit(")", 1)[1].split()[0])
        except OSError:
            continue
    return bool(states) and set(states) == {"T"}


def test_the_context_and_the_environment_are_those_of_aws(functions: Functions) -> None:
    script = """
import os, sys

def handler(event, context):
    return {
        "context": {
            name: getattr(context, name)
            for name in ("aws_request_id", "function_name", "function_version",
                         "invoked_function_arn", "memory_limit_in_mb", "log_group_name",
                         "log_stream_name")
        },
        "text": str(context),
        "custom": context.client_context.custom,
        "app": context.client_context.client["app_title"]
            if isinstance(context.client_context.client, dict)
            else context.client_context.client.app_title,
        "environment": dict(os.environ),
        "path": sys.path[0],
        "folder": os.getcwd(),
    }
"""
    functions.create(
        "seen",
        script,
        MemorySize=256,
        Environment={"Variables": {"MINE": "ünïcode", "AWS_LAMBDA_LOG_LEVEL": "INFO"}},
    )
    given = {"custom": {"k": "ü"}, "client": {"app_title": "dogs"}, "env": {}}
    reply = functions.invoke(
        "seen", {}, ClientContext=base64.b64encode(json.dumps(given).encode()).decode()
    )
    seen = reply["json"]
    variables = seen["environment"]
    stream = variables["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert seen["context"] == {
        "aws_request_id": reply["ResponseMetadata"]["RequestId"],
        "function_name": "seen",
        "function_version": "$LATEST",
        "invoked_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:seen",
        "memory_limit_in_mb": "256",
        "log_group_name": "/aws/lambda/seen",
        "log_stream_name": stream,
    }
    assert seen["text"].startswith(
        f"LambdaContext([aws_request_id={reply['ResponseMetadata']['RequestId']},"
        f"log_group_name=/aws/lambda/seen,log_stream_name={stream},function_name=seen,"
        "memory_limit_in_mb=256,function_version=$LATEST,"
        "invoked_function_arn=arn:aws:lambda:us-east-1:000000000000:function:seen,"
        "client_context=ClientContext([custom={'k': 'ü'},env={},client=Client(["
    )
    assert (seen["custom"], seen["app"]) == ({"k": "ü"}, "dogs")
    assert seen["path"] == seen["folder"] == variables["LAMBDA_TASK_ROOT"] == "/var/task"
    expected = {
        "MINE": "ünïcode",
        "_HANDLER": "main.handler",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TZ": ":UTC",
        "HOME": "/tmp",
    }
    assert {name: variables.get(name) for name in expected} == expected
    assert variables["_X_AMZN_TRACE_ID"].startswith("Root=1-")


def test_code_is_read_only_and_tmp_is_the_environments_own(functions: Functions) -> None:
    script = """
import os

def handler(event, context):
    try:
        open("/var/task/new", "w")
    except OSError as error:
        refusal = error.strerror
    return [refusal, sorted(os.listdir("/tmp")), os.stat("/var/task/run.sh").st_mode & 0o777]
"""
    code = {"ZipFile": archive({"main.py": script, "run.sh": "#!/bin/sh\n"})}
    functions.create("jailed", "", Code=code)
    with tempfile.NamedTemporaryFile(dir="/tmp") as of_the_machine:
        refusal, temporary, mode = functions.invoke("jailed", {})["json"]
    assert refusal == "Read-only file system"
    # A Python that is installed below /tmp is there too, at its own path.
    assert Path(of_the_machine.name).name not in temporary
    assert set(temporary) <= {Path(sys.prefix).parts[2]}
    assert mode & 0o444 == 0o444


def test_a_function_acts_as_its_role(functions: Functions) -> None:
    script = """
import boto3
client = boto3.client("sts")
def handler(event, context):
    return client.get_caller_identity()["Arn"]
"""
    functions.create("who", script, Timeout=30)
    arn = functions.invoke("who", {})["json"]
    assert arn == "arn:aws:sts::000000000000:assumed-role/functions/who"
