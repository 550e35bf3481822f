"""Functions by boto3 against a real plane: what invocations do and say."""

from __future__ import annotations

import concurrent.futures
import datetime
import re

import boto3
import pytest
from botocore.config import Config

from tests.inside import WHO
from tests.integration.functions import ECHO, Functions
from tests.integration.refusals import error_of
from tests.planes import Plane, wait_until


@pytest.fixture(scope="module")
def echo(functions: Functions) -> str:
    functions.create("echo", ECHO)
    return "echo"


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
        WHO + "import os, time\ndef handler(event, context):\n"
        "    time.sleep(1); return who(os.getpid())\n",
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
