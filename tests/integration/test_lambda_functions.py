"""Functions as resources, by boto3 against a real plane."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.integration.functions import Functions, archive
from tests.integration.refusals import error_of
from tests.planes import Plane, wait_until

ONE = "def handler(event, context):\n    return 1\n"
TWO = "def handler(event, context):\n    return 2\n"


def updated(functions: Functions, name: str) -> None:
    functions.client.get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )


def test_a_function_is_pending_until_its_code_is_unpacked_then_active(
    functions: Functions,
) -> None:
    made = functions.create(
        "fresh", ONE, Description="a dog", Tags={"team": "dogs"}, Timeout=9, MemorySize=512
    )
    assert (made["State"], made["StateReasonCode"]) == ("Pending", "Creating")
    found = functions.client.get_function(FunctionName="fresh")
    configuration = found["Configuration"]
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert found["Tags"] == {"team": "dogs"}
    for name, value in (
        ("FunctionArn", "arn:aws:lambda:us-east-1:000000000000:function:fresh"),
        ("Description", "a dog"),
        ("Timeout", 9),
        ("MemorySize", 512),
        ("Version", "$LATEST"),
        ("PackageType", "Zip"),
        ("CodeSha256", made["CodeSha256"]),
    ):
        assert configuration[name] == value


def test_new_code_and_settings_reach_the_next_invocation(functions: Functions) -> None:
    functions.create("changes", ONE)
    assert functions.invoke("changes")["json"] == 1
    before = functions.client.get_function_configuration(FunctionName="changes")
    functions.client.update_function_code(
        FunctionName="changes", ZipFile=archive({"main.py": TWO, "other.py": ONE})
    )
    updated(functions, "changes")
    assert functions.invoke("changes")["json"] == 2
    functions.client.update_function_configuration(FunctionName="changes", Handler="other.handler")
    updated(functions, "changes")
    assert functions.invoke("changes")["json"] == 1
    after = functions.client.get_function_configuration(FunctionName="changes")
    assert after["RevisionId"] != before["RevisionId"]
    assert after["CodeSha256"] != before["CodeSha256"]


def test_an_update_lets_the_invocation_that_runs_finish_on_the_old_code(
    functions: Functions,
) -> None:
    slow = (
        "import time\n"
        "def handler(event, context):\n    print('began')\n    time.sleep(2)\n    return 'old'\n"
    )
    functions.create("blue", slow, Timeout=30)
    replies: list[Any] = []
    thread = threading.Thread(target=lambda: replies.append(functions.invoke("blue")["json"]))
    thread.start()
    wait_until(lambda: "began" in functions.lines("blue"))
    functions.client.update_function_code(FunctionName="blue", ZipFile=archive({"main.py": ONE}))
    updated(functions, "blue")
    assert functions.invoke("blue")["json"] == 1
    thread.join()
    assert replies == ["old"]


def test_a_stale_revision_changes_nothing(functions: Functions) -> None:
    functions.create("guarded", ONE)
    code, _, status = error_of(
        lambda: functions.client.update_function_configuration(
            FunctionName="guarded", Timeout=9, RevisionId="stale"
        )
    )
    assert (code, status) == ("PreconditionFailedException", 412)
    assert functions.client.get_function_configuration(FunctionName="guarded")["Timeout"] == 3


def test_code_comes_from_s3_too(functions: Functions, plane: Plane) -> None:
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="lambda-code")
    s3.put_object(Bucket="lambda-code", Key="one.zip", Body=archive({"main.py": ONE}))
    functions.create("from-s3", "", Code={"S3Bucket": "lambda-code", "S3Key": "one.zip"})
    assert functions.invoke("from-s3")["json"] == 1
    code, message, _ = error_of(
        lambda: functions.create("no-key", "", Code={"S3Bucket": "lambda-code", "S3Key": "absent"})
    )
    assert code == "InvalidParameterValueException"
    assert "S3 Error Code: NoSuchKey" in message


def test_a_deleted_function_is_gone_and_its_name_is_free(functions: Functions) -> None:
    functions.create("brief", ONE)
    functions.invoke("brief")
    assert functions.client.delete_function(FunctionName="brief")["StatusCode"] == 204
    assert error_of(lambda: functions.invoke("brief"))[0] == "ResourceNotFoundException"
    assert error_of(lambda: functions.client.get_function(FunctionName="brief"))[2] == 404
    functions.create("brief", TWO)
    assert functions.invoke("brief")["json"] == 2


def test_functions_are_listed_page_by_page(functions: Functions) -> None:
    for name in ("page-a", "page-b", "page-c"):
        functions.create(name, ONE)
    pages = functions.client.get_paginator("list_functions").paginate(
        PaginationConfig={"PageSize": 2}
    )
    names = [one["FunctionName"] for page in pages for one in page["Functions"]]
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert {"page-a", "page-b", "page-c"} <= set(names)


def test_tags_are_added_and_taken_away(functions: Functions) -> None:
    arn = functions.create("tagged", ONE, Tags={"a": "1"})["FunctionArn"]
    functions.client.tag_resource(Resource=arn, Tags={"b": "2"})
    functions.client.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.client.list_tags(Resource=arn)["Tags"] == {"b": "2"}


def test_a_resource_policy_is_kept_statement_by_statement(functions: Functions) -> None:
    functions.create("shared", ONE)
    client = functions.client
    added = client.add_permission(
        FunctionName="shared",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::dogs",
    )
    expected = {
        "Sid": "s3",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:us-east-1:000000000000:function:shared",
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::dogs"}},
    }
    assert json.loads(added["Statement"]) == expected
    policy = json.loads(client.get_policy(FunctionName="shared")["Policy"])
    assert policy["Statement"] == [expected]
    code, _, status = error_of(
        lambda: client.add_permission(
            FunctionName="shared",
            StatementId="s3",
            Action="lambda:InvokeFunction",
            Principal="123456789012",
        )
    )
    assert (code, status) == ("ResourceConflictException", 409)
    client.remove_permission(FunctionName="shared", StatementId="s3")
    assert error_of(lambda: client.get_policy(FunctionName="shared"))[2] == 404


def test_event_settings_are_put_changed_and_deleted(functions: Functions) -> None:
    functions.create("eventful", ONE)
    client = functions.client
    name = {"FunctionName": "eventful"}
    assert error_of(lambda: client.get_function_event_invoke_config(**name))[2] == 404
    client.put_function_event_invoke_config(**name, MaximumRetryAttempts=0)
    client.update_function_event_invoke_config(**name, MaximumEventAgeInSeconds=60)
    found = client.get_function_event_invoke_config(**name)
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (0, 60)
    listed = client.list_function_event_invoke_configs(**name)["FunctionEventInvokeConfigs"]
    assert [one["FunctionArn"] for one in listed] == [found["FunctionArn"]]
    client.delete_function_event_invoke_config(**name)
    assert error_of(lambda: client.get_function_event_invoke_config(**name))[2] == 404


def test_account_settings_show_the_limits(functions: Functions) -> None:
    settings = functions.client.get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert settings["AccountUsage"]["FunctionCount"] >= 1


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"Timeout": 901}, "ValidationException", "less than or equal to 900"),
        ({"MemorySize": 20480}, "ValidationException", "less than or equal to 10240"),
        ({"Runtime": "nodejs22.x"}, "InvalidParameterValueException", "nodejs22.x"),
        ({"PackageType": "Image"}, "InvalidParameterValueException", "zip archives only"),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_REGION",
        ),
        (
            {"Environment": {"Variables": {"BIG": "x" * 5000}}},
            "InvalidParameterValueException",
            "exceeded the 4KB limit",
        ),
        ({"Role": "arn:aws:iam::000000000000:role/absent"}, "InvalidParameterValueException",
         "The role defined for the function cannot be assumed by Lambda."),
        ({"Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:x:1"]}, "NotImplemented",
         "Layers"),
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException", "Could not unzip"),
        ({"Code": {"ZipFile": archive({"../../evil.py": ""})}}, "InvalidParameterValueException",
         "'..' in its path"),
        ({"PublishTo": "LATEST_PUBLISHED"}, "NotImplemented", "PublishTo"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)  # fmt: skip
def test_what_no_function_can_be_made_of(
    functions: Functions, changes: dict[str, Any], code: str, text: str
) -> None:
    request: dict[str, Any] = {
        "FunctionName": "impossible",
        "Role": functions.role,
        "Runtime": "python3.11",
        "Handler": "main.handler",
        "Code": {"ZipFile": archive({"main.py": ONE})},
        **changes,
    }
    found, message, _ = error_of(lambda: functions.client.create_function(**request))
    assert (found, text in message) == (code, True), message
    assert error_of(lambda: functions.client.get_function(FunctionName="impossible"))[2] == 404


def test_a_name_is_taken_once(functions: Functions) -> None:
    functions.create("taken", ONE)
    code, message, status = error_of(lambda: functions.create("taken", ONE))
    assert (code, status) == ("ResourceConflictException", 409)
    assert message == "Function already exist: taken"


def test_an_archive_that_unzips_to_too_much_is_refused(functions: Functions) -> None:
    bomb = archive({"zeros": b"\0" * 262_144_000})
    assert len(bomb) < 1 << 20
    code, message, _ = error_of(lambda: functions.create("bomb", "", Code={"ZipFile": bomb}))
    assert code == "InvalidParameterValueException"
    assert message == "Unzipped size must be smaller than 262144000 bytes"


def test_later_stages_are_refused_by_name(functions: Functions) -> None:
    code, message, _ = error_of(
        lambda: functions.client.create_function_url_config(FunctionName="any", AuthType="NONE")
    )
    assert code == "NotImplemented"
    assert "CreateFunctionUrlConfig" in message
