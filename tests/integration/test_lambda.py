"""Functions by boto3 against a real plane: what invocations do and say."""

from __future__ import annotations

import base64
import concurrent.futures
import datetime
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.functions import Functions, archive
from tests.planes import Plane, wait_until

ECHO = """
import os

def handler(event, context):
    print("asked", event)
    return {"event": event, "pid": os.getpid()}
"""


@pytest.fixture(scope="module")
def functions(plane: Plane) -> Functions:
    return Functions(plane)


@pytest.fixture(scope="module")
def echo(functions: Functions) -> str:
    functions.create("echo", ECHO)
    return "echo"


def error_of(call: Callable[[], Any]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return (
        response["Error"]["Code"],
        response["Error"]["Message"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def test_a_handlers_result_comes_back_and_its_environment_is_used_again(
    functions: Functions, echo: str
) -> None:
    first = functions.invoke(echo, {"a": [1, "ü"]})
    second = functions.invoke(echo, {"a": 2})
    assert first["StatusCode"] == 200
    assert first["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in first
    assert first["json"]["event"] == {"a": [1, "ü"]}
    assert second["json"]["pid"] == first["json"]["pid"]


def test_an_invocation_without_a_payload_gets_an_empty_object(
    functions: Functions, echo: str
) -> None:
    assert functions.invoke(echo)["json"]["event"] == {}


def test_a_function_answers_to_its_arn_and_to_its_latest_version(
    functions: Functions, echo: str
) -> None:
    arn = functions.client.get_function_configuration(FunctionName=echo)["FunctionArn"]
    for name in (arn, f"{arn}:$LATEST", "000000000000:function:echo", "echo:$LATEST"):
        assert functions.invoke(name, {"n": name})["json"]["event"] == {"n": name}
    assert functions.invoke(echo, {}, Qualifier="$LATEST")["ExecutedVersion"] == "$LATEST"


def test_simultaneous_invocations_have_an_environment_each(functions: Functions) -> None:
    functions.create(
        "nap",
        "import os, time\ndef handler(event, context):\n    time.sleep(1); return os.getpid()\n",
        Timeout=60,
    )
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: functions.invoke("nap")["json"], range(4)))
    assert len(set(replies)) == 4


def test_the_tail_of_the_log_comes_with_the_reply_and_the_whole_goes_to_its_group(
    functions: Functions, echo: str
) -> None:
    reply = functions.invoke(echo, {"where": "log"}, LogType="Tail")
    request_id = reply["ResponseMetadata"]["RequestId"]
    lines = reply["log"].splitlines()
    assert lines[:3] == [
        f"START RequestId: {request_id} Version: $LATEST",
        "asked {'where': 'log'}",
        f"END RequestId: {request_id}",
    ]
    assert re.fullmatch(
        rf"REPORT RequestId: {request_id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\t(Init Duration: \d+\.\d\d ms\t)?",
        lines[3],
    )
    wait_until(lambda: lines[3] in functions.lines(echo))
    logged = functions.lines(echo)
    assert logged[0].startswith("INIT_START Runtime Version: python:3.")
    assert set(lines) <= set(logged)
    stream = functions.logs.describe_log_streams(logGroupName="/aws/lambda/echo")["logStreams"][0]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream["logStreamName"])


def test_only_the_last_4_kb_of_the_log_come_with_the_reply(functions: Functions) -> None:
    functions.create(
        "chatty", "def handler(event, context):\n    print('x' * 9000, end='')\n    return 1\n"
    )
    log = functions.invoke("chatty", {}, LogType="Tail")["log"]
    assert len(log) == 4096
    assert log.startswith("xxx")
    assert "\nEND RequestId" in log


def test_a_log_of_more_than_a_page_is_kept_to_its_last_line(functions: Functions) -> None:
    script = "def handler(event, context):\n    for n in range(10_500):\n        print('line', n)\n"
    functions.create("wordy", script, Timeout=60)
    functions.invoke("wordy")
    wait_until(lambda: any(line.startswith("REPORT ") for line in functions.lines("wordy")))
    logged = [line for line in functions.lines("wordy") if line.startswith("line ")]
    assert logged == [f"line {n}" for n in range(10_500)]


def test_an_exception_comes_back_with_its_type_message_and_stack(functions: Functions) -> None:
    functions.create(
        "raises",
        "class NoDog(Exception): pass\n"
        "def look(): raise NoDog('no such dog')\n"
        "def handler(event, context):\n    look()\n",
    )
    reply = functions.invoke("raises", {}, LogType="Tail")
    assert (reply["StatusCode"], reply["FunctionError"]) == (200, "Unhandled")
    assert reply["json"] == {
        "errorMessage": "no such dog",
        "errorType": "NoDog",
        "requestId": reply["ResponseMetadata"]["RequestId"],
        "stackTrace": [
            '  File "/var/task/main.py", line 4, in handler\n    look()\n',
            '  File "/var/task/main.py", line 2, in look\n'
            "    def look(): raise NoDog('no such dog')\n",
        ],
    }
    assert "[ERROR] NoDog: no such dog\nTraceback (most recent call last):\n" in reply["log"]


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
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{pid}").exists())
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


def test_log_lines_of_the_logging_module_look_like_aws(functions: Functions) -> None:
    script = """
import logging
log = logging.getLogger()
log.setLevel(logging.INFO)
def handler(event, context):
    log.info("found %s", "a dog")
"""
    functions.create("logs", script)
    reply = functions.invoke("logs", {}, LogType="Tail")
    request_id = reply["ResponseMetadata"]["RequestId"]
    assert re.fullmatch(
        rf"\[INFO\]\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{request_id}\tfound a dog",
        reply["log"].splitlines()[1],
    )
    assert reply["json"] is None


def test_a_result_that_is_no_json_is_an_error(functions: Functions) -> None:
    functions.create("object", "def handler(event, context):\n    return object()\n")
    error = functions.invoke("object", {})["json"]
    assert error["errorType"] == "Runtime.MarshalError"
    assert error["errorMessage"] == (
        "Unable to marshal response: Object of type object is not JSON serializable"
    )


def test_payloads_go_up_to_6_mb_each_way_and_no_further(functions: Functions) -> None:
    functions.create(
        "sizes",
        "def handler(event, context):\n"
        "    return 'x' * event if isinstance(event, int) else len(event)\n",
        MemorySize=512,
    )
    assert functions.invoke("sizes", "y" * 6_291_454)["json"] == 6_291_454
    assert len(functions.invoke("sizes", 6_000_000)["json"]) == 6_000_000
    code, message, status = error_of(lambda: functions.invoke("sizes", "y" * 6_291_455))
    assert (code, status) == ("RequestTooLargeException", 413)
    assert "6291456 bytes" in message
    code, message, status = error_of(
        lambda: functions.invoke("sizes", "y" * 1_048_576, InvocationType="Event")
    )
    assert (code, status) == ("RequestTooLargeException", 413)
    assert "1048578 byte payload is too large for the Event invocation type" in message
    error = functions.invoke("sizes", 7_000_000)["json"]
    assert error["errorType"] == "Function.ResponseSizeTooLarge"


def test_what_can_not_be_invoked(functions: Functions, echo: str) -> None:
    code, message, status = error_of(lambda: functions.invoke("absent", {}))
    assert (code, status) == ("ResourceNotFoundException", 404)
    arn = "arn:aws:lambda:us-east-1:000000000000:function:absent"
    assert message == f"Function not found: {arn}"
    code, message, _ = error_of(lambda: functions.invoke(echo, {}, Qualifier="7"))
    assert code == "ResourceNotFoundException"
    assert message.endswith("function:echo:7")
    code, _, status = error_of(lambda: functions.invoke(echo, Payload=b"{not json"))
    assert (code, status) == ("InvalidRequestContentException", 400)
    code, _, _ = error_of(lambda: functions.invoke(echo, {}, ClientContext="bm8="))
    assert code == "InvalidRequestContentException"


def test_a_dry_run_answers_204_and_runs_nothing(functions: Functions, echo: str) -> None:
    reply = functions.client.invoke(FunctionName=echo, InvocationType="DryRun", Payload=b'"dry"')
    assert reply["StatusCode"] == 204
    assert not any("dry" in line for line in functions.lines(echo))


def test_a_wrong_signature_does_not_invoke(plane: Plane, functions: Functions, echo: str) -> None:
    stranger = boto3.client(
        "lambda",
        endpoint_url=plane.url,
        region_name="us-east-1",
        aws_access_key_id=plane.connection.access_key_id,
        aws_secret_access_key="wrong",
        config=Config(retries={"total_max_attempts": 1}),
    )
    code, _, status = error_of(lambda: stranger.invoke(FunctionName=echo, Payload=b"{}"))
    assert (code, status) == ("InvalidSignatureException", 403)


def test_invocations_are_counted_in_cloudwatch(plane: Plane, functions: Functions) -> None:
    functions.create("counted", "def handler(event, context):\n    return 1 / event\n")
    for event in (1, 2, 0):
        functions.invoke("counted", event)
    cloudwatch = plane.client("cloudwatch")

    def statistic(metric: str, kind: str) -> float:
        now = datetime.datetime.now(datetime.UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": "counted"}],
            StartTime=now - datetime.timedelta(hours=1),
            EndTime=now + datetime.timedelta(minutes=5),
            Period=7200,
            Statistics=[kind],
        )["Datapoints"]
        return float(sum(point[kind] for point in points))

    assert statistic("Invocations", "Sum") == 3
    assert statistic("Errors", "Sum") == 1
    assert statistic("Duration", "SampleCount") == 3
    assert statistic("ConcurrentExecutions", "Maximum") == 1
