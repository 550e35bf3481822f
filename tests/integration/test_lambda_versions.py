"""Published versions, aliases and weighted routing, by boto3 against a real plane."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import PlaneFactory
from tests.integration.functions import Functions, archive
from tests.planes import Plane, wait_until

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"

SHOWS = """
import os
def handler(event, context):
    print("got", event, context.invoked_function_arn)
    return {
        "code": %r,
        "setting": os.environ.get("SETTING"),
        "version": context.function_version,
        "variable": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        "arn": context.invoked_function_arn,
    }
"""


@pytest.fixture(scope="module")
def functions(plane: Plane) -> Functions:
    return Functions(plane)


def code(name: str) -> bytes:
    return archive({"main.py": SHOWS % name})


def create(functions: Functions, name: str, **changes: Any) -> dict[str, Any]:
    return functions.create(name, SHOWS % "one", **changes)


def settle(functions: Functions, name: str) -> None:
    functions.client.get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )


def configure(functions: Functions, name: str, **changes: Any) -> None:
    functions.client.update_function_configuration(FunctionName=name, **changes)
    settle(functions, name)


def publish(functions: Functions, name: str, **changes: Any) -> str:
    """A version that differs from the one before by `changes`; its number."""
    if changes:
        configure(functions, name, **changes)
    return str(functions.client.publish_version(FunctionName=name)["Version"])


def error_of(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def numbers(functions: Functions, name: str) -> list[str]:
    listed = functions.client.list_versions_by_function(FunctionName=name)["Versions"]
    return [version["Version"] for version in listed]


def _more_than(items: list[str], count: int) -> bool:
    return len(items) > count


def setting(value: str) -> dict[str, Any]:
    return {"Variables": {"SETTING": value}}


# Versions


def test_a_version_stays_as_it_was_published_whatever_becomes_of_the_function(
    functions: Functions,
) -> None:
    create(functions, "kept", Environment=setting("a"))
    made = functions.client.publish_version(FunctionName="kept", Description="the first")
    assert (made["Version"], made["FunctionArn"]) == ("1", f"{ARN}kept:1")
    assert (made["State"], made["Description"]) == ("Active", "the first")
    functions.client.update_function_code(FunctionName="kept", ZipFile=code("two"))
    settle(functions, "kept")
    configure(functions, "kept", Environment=setting("b"), Timeout=9)
    reply = functions.invoke("kept", {}, Qualifier="1", LogType="Tail")
    assert reply["json"] == {
        "code": "one",
        "setting": "a",
        "version": "1",
        "variable": "1",
        "arn": f"{ARN}kept:1",
    }
    assert reply["ExecutedVersion"] == "1"
    assert f"START RequestId: {reply['ResponseMetadata']['RequestId']} Version: 1" in reply["log"]
    newest = functions.invoke("kept", {})
    assert (newest["json"]["code"], newest["json"]["setting"]) == ("two", "b")
    assert (newest["ExecutedVersion"], newest["json"]["arn"]) == ("$LATEST", f"{ARN}kept")
    found = functions.client.get_function(FunctionName="kept:1")["Configuration"]
    assert (found["Timeout"], found["CodeSha256"]) == (3, made["CodeSha256"])
    assert functions.invoke("kept:1", {})["json"]["code"] == "one"
    assert functions.invoke(f"{ARN}kept:1", {})["json"]["code"] == "one"


def test_publishing_what_has_not_changed_gives_the_version_that_is_there(
    functions: Functions,
) -> None:
    create(functions, "same")
    first = functions.client.publish_version(FunctionName="same", Description="mine")
    again = functions.client.publish_version(FunctionName="same", Description="another")
    assert (again["Version"], again["Description"]) == ("1", "mine")
    assert again["RevisionId"] == first["RevisionId"]
    assert publish(functions, "same", Timeout=4) == "2"
    functions.client.update_function_code(FunctionName="same", ZipFile=code("one"), Publish=True)
    assert numbers(functions, "same") == ["$LATEST", "1", "2"]


def test_a_version_is_published_only_of_the_code_and_the_revision_that_are_meant(
    functions: Functions,
) -> None:
    made = create(functions, "meant")
    publishing = functions.client.publish_version
    kind, message = error_of(publishing, FunctionName="meant", CodeSha256="other")
    assert kind == "InvalidParameterValueException"
    assert message == (
        "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST "
        f"({made['CodeSha256']}). Please try again with the CodeSHA256 in $LATEST."
    )
    kind, _ = error_of(publishing, FunctionName="meant", RevisionId="stale")
    assert kind == "PreconditionFailedException"
    kind, message = error_of(publishing, FunctionName="nobody")
    assert (kind, message) == ("ResourceNotFoundException", f"Function not found: {ARN}nobody")
    latest = functions.client.get_function_configuration(FunctionName="meant")
    published = publishing(
        FunctionName="meant", CodeSha256=latest["CodeSha256"], RevisionId=latest["RevisionId"]
    )
    assert published["Version"] == "1"
    kind, message = error_of(publishing, FunctionName="meant:1")
    assert kind == "InvalidParameterValueException"
    assert message.startswith("Current operation does not support versions other than $LATEST.")


def test_create_and_update_publish_on_the_way(functions: Functions) -> None:
    made = create(functions, "along", Publish=True)
    assert (made["Version"], made["State"], made["FunctionArn"]) == ("1", "Pending", f"{ARN}along")
    waiter = functions.client.get_waiter("published_version_active")
    quick = {"Delay": 0.05, "MaxAttempts": 200}
    waiter.wait(FunctionName="along", Qualifier="1", WaiterConfig=quick)
    assert functions.invoke("along", {}, Qualifier="1")["json"]["code"] == "one"
    changed = functions.client.update_function_code(
        FunctionName="along", ZipFile=code("two"), Publish=True
    )
    assert (changed["Version"], changed["FunctionArn"]) == ("2", f"{ARN}along:2")
    waiter.wait(FunctionName="along", Qualifier="2", WaiterConfig=quick)
    assert functions.invoke("along", {}, Qualifier="2")["json"]["code"] == "two"
    assert functions.invoke("along", {}, Qualifier="1")["json"]["code"] == "one"
    listed = functions.client.list_functions(FunctionVersion="ALL")["Functions"]
    assert [one["FunctionArn"] for one in listed if one["FunctionName"] == "along"] == [
        f"{ARN}along:$LATEST",
        f"{ARN}along:1",
        f"{ARN}along:2",
    ]
    plain = functions.client.list_functions()["Functions"]
    assert [one["Version"] for one in plain if one["FunctionName"] == "along"] == ["$LATEST"]


def test_a_number_is_never_used_again(functions: Functions) -> None:
    create(functions, "counted", Publish=True)
    assert publish(functions, "counted", Timeout=4) == "2"
    functions.client.delete_function(FunctionName="counted", Qualifier="2")
    assert publish(functions, "counted") == "3"
    functions.client.delete_function(FunctionName="counted")
    create(functions, "counted")
    assert numbers(functions, "counted") == ["$LATEST"]
    assert publish(functions, "counted") == "4"


def test_a_deleted_version_is_gone_and_the_others_go_on(functions: Functions) -> None:
    create(functions, "thinned", Publish=True)
    publish(functions, "thinned", Timeout=4)
    assert functions.invoke("thinned", {}, Qualifier="1")["StatusCode"] == 200
    delete = functions.client.delete_function
    delete(FunctionName="thinned:1")
    delete(FunctionName="thinned", Qualifier="1")  # again, and nothing comes of it
    kind, message = error_of(functions.client.invoke, FunctionName="thinned", Qualifier="1")
    assert (kind, message) == ("ResourceNotFoundException", f"Function not found: {ARN}thinned:1")
    assert numbers(functions, "thinned") == ["$LATEST", "2"]
    assert functions.invoke("thinned", {}, Qualifier="2")["json"]["version"] == "2"
    assert functions.invoke("thinned", {})["json"]["version"] == "$LATEST"
    kind, message = error_of(delete, FunctionName="thinned", Qualifier="$LATEST")
    assert kind == "InvalidParameterValueException"
    assert message == "$LATEST version cannot be deleted without deleting the function."


def test_code_is_kept_as_long_as_a_version_has_it(functions: Functions, plane: Plane) -> None:
    create(functions, "stored", Publish=True)
    folder = plane.state / "lambda" / "code"
    before = set(folder.glob("*.zip"))
    functions.client.update_function_code(FunctionName="stored", ZipFile=code("two"))
    settle(functions, "stored")
    assert functions.invoke("stored", {}, Qualifier="1")["json"]["code"] == "one"
    assert before < set(folder.glob("*.zip"))
    functions.client.delete_function(FunctionName="stored", Qualifier="1")
    wait_until(lambda: len(before - set(folder.glob("*.zip"))) == 1)
    assert functions.invoke("stored", {})["json"]["code"] == "two"


def test_those_who_publish_at_the_same_time_get_one_version(functions: Functions) -> None:
    create(functions, "crowded")
    with ThreadPoolExecutor() as pool:
        made = [pool.submit(publish, functions, "crowded") for _ in range(8)]
    assert {one.result() for one in made} == {"1"}
    assert numbers(functions, "crowded") == ["$LATEST", "1"]


def test_what_could_not_be_unpacked_is_a_failed_version_and_the_next_is_none_of_it(
    functions: Functions,
) -> None:
    create(functions, "spoilt", Publish=True)
    broken = archive({"main.py": "x = 'spoilt' * 9\n"}, stored=True)
    assert b"spoilt" in broken
    functions.client.update_function_code(
        FunctionName="spoilt", ZipFile=broken.replace(b"spoilt", b"broken", 1), Publish=True
    )
    configuration = functions.client.get_function_configuration

    def state() -> str:
        return str(configuration(FunctionName="spoilt", Qualifier="2")["State"])

    wait_until(lambda: state() == "Failed")
    found = configuration(FunctionName="spoilt", Qualifier="2")
    assert found["StateReasonCode"] == "InvalidZipFileException"
    kind, _ = error_of(functions.client.invoke, FunctionName="spoilt", Qualifier="2")
    assert kind == "ResourceConflictException"
    kind, _ = error_of(functions.client.publish_version, FunctionName="spoilt")
    assert kind == "ResourceConflictException"
    assert functions.invoke("spoilt", {})["json"]["code"] == "one"
    functions.client.update_function_code(
        FunctionName="spoilt", ZipFile=code("three"), Publish=True
    )
    settle(functions, "spoilt")
    wait_until(lambda: configuration(FunctionName="spoilt:3")["State"] == "Active")
    assert functions.invoke("spoilt:3", {})["json"]["code"] == "three"


# Aliases


def test_an_alias_is_a_name_for_a_version_that_can_be_moved(functions: Functions) -> None:
    create(functions, "named", Publish=True)
    publish(functions, "named", Environment=setting("b"))
    client = functions.client
    made = client.create_alias(FunctionName="named", Name="live", FunctionVersion="1")
    assert made["AliasArn"] == f"{ARN}named:live"
    assert "RoutingConfig" not in made
    reply = functions.invoke("named", {}, Qualifier="live")
    assert reply["ExecutedVersion"] == "1"
    assert (reply["json"]["variable"], reply["json"]["arn"]) == ("1", f"{ARN}named:live")
    found = client.get_function(FunctionName="named", Qualifier="live")["Configuration"]
    assert (found["FunctionArn"], found["Version"]) == (f"{ARN}named:live", "1")
    moved = client.update_alias(
        FunctionName="named",
        Name="live",
        FunctionVersion="2",
        Description="now the second",
        RevisionId=made["RevisionId"],
    )
    assert (moved["FunctionVersion"], moved["Description"]) == ("2", "now the second")
    assert functions.invoke(f"{ARN}named:live", {})["json"]["setting"] == "b"
    stale = {"FunctionName": "named", "Name": "live", "RevisionId": made["RevisionId"]}
    assert error_of(client.update_alias, **stale)[0] == "PreconditionFailedException"
    read = client.get_alias(FunctionName="named", Name="live")
    assert read["RevisionId"] == moved["RevisionId"]
    client.delete_alias(FunctionName="named", Name="live")
    kind, message = error_of(client.get_alias, FunctionName="named", Name="live")
    assert kind == "ResourceNotFoundException"
    assert message == f"Cannot find alias arn: {ARN}named:live"
    kind, message = error_of(client.invoke, FunctionName="named", Qualifier="live")
    assert (kind, message) == ("ResourceNotFoundException", f"Function not found: {ARN}named:live")


def test_an_alias_keeps_its_versions_from_being_deleted(functions: Functions) -> None:
    create(functions, "held", Publish=True)
    publish(functions, "held", Timeout=4)
    client = functions.client
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    client.create_alias(FunctionName="held", Name="live", FunctionVersion="1")
    client.create_alias(
        FunctionName="held", Name="both", FunctionVersion="1", RoutingConfig=weights
    )
    for qualifier, names in (("1", "both, live"), ("2", "both")):
        kind, message = error_of(client.delete_function, FunctionName="held", Qualifier=qualifier)
        assert kind == "ResourceConflictException"
        assert message == (
            f"Unable to delete version because the following aliases reference it: [{names}]"
        )
    kind, message = error_of(client.delete_function, FunctionName="held", Qualifier="live")
    assert kind == "InvalidParameterValueException"
    assert message == "Deletion of aliases is not currently supported."
    listed = client.list_aliases(FunctionName="held", FunctionVersion="2")["Aliases"]
    assert [alias["Name"] for alias in listed] == ["both"]
    client.delete_function(FunctionName="held")
    create(functions, "held")
    assert client.list_aliases(FunctionName="held")["Aliases"] == []


def test_an_alias_that_says_what_is_impossible_is_refused(functions: Functions) -> None:
    create(functions, "bounds", Publish=True)
    publish(functions, "bounds", Timeout=4)
    client = functions.client

    def refused(version: str, weights: dict[str, float], function: str = "bounds") -> Any:
        return error_of(
            client.create_alias,
            FunctionName=function,
            Name="live",
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )

    invalid, absent = "InvalidParameterValueException", "ResourceNotFoundException"
    assert refused("1", {"2": 0.1, "3": 0.1}) == (
        invalid,
        "Number of items in AdditionalVersionWeights cannot be greater than 1",
    )
    assert refused("1", {"1": 0.1}) == (
        invalid,
        "Invalid function version 1. Function version 1 is already included in routing "
        "configuration.",
    )
    assert refused("$LATEST", {"1": 0.1}) == (
        invalid,
        "$LATEST is not supported for an alias pointing to more than 1 version",
    )
    assert refused("9", {}) == (absent, f"Function not found: {ARN}bounds:9")
    assert refused("1", {"9": 0.1}) == (absent, f"Function not found: {ARN}bounds:9")
    assert refused("01", {}) == (absent, f"Function not found: {ARN}bounds:01")
    assert refused("1", {}, "nobody") == (absent, f"Function not found: {ARN}nobody:1")
    for weights in ({"2": 1.5}, {"$LATEST": 0.5}):
        assert refused("1", weights)[0] == "ValidationException"
    client.create_alias(FunctionName="bounds", Name="newest", FunctionVersion="$LATEST")
    kind, message = error_of(
        client.create_alias, FunctionName="bounds", Name="newest", FunctionVersion="1"
    )
    assert kind == "ResourceConflictException"
    assert message == f"Alias already exists: {ARN}bounds:newest"


def test_two_versions_behind_an_alias_have_the_same_role(
    functions: Functions, plane: Plane
) -> None:
    create(functions, "roles", Publish=True)
    other = functions.role_named("another")
    publish(functions, "roles", Role=other)
    kind, message = error_of(
        functions.client.create_alias,
        FunctionName="roles",
        Name="both",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    assert kind == "InvalidParameterValueException"
    assert message == "Specified versions must be associated with the same execution role"


def test_invocations_are_shared_by_weight_and_counted_by_executed_version(
    functions: Functions, plane: Plane
) -> None:
    create(functions, "shared", Publish=True)
    publish(functions, "shared", Environment=setting("b"))
    client = functions.client
    client.create_alias(
        FunctionName="shared",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    began = datetime.now(UTC)
    seen = [functions.invoke("shared:live", {})["ExecutedVersion"] for _ in range(60)]
    assert set(seen) == {"1", "2"}
    route = {"AdditionalVersionWeights": {"2": 1.0}}
    client.update_alias(FunctionName="shared", Name="live", RoutingConfig=route)
    assert {functions.invoke("shared:live", {})["ExecutedVersion"] for _ in range(5)} == {"2"}
    route = {"AdditionalVersionWeights": {}}
    assert "RoutingConfig" not in client.update_alias(
        FunctionName="shared", Name="live", RoutingConfig=route
    )
    assert {functions.invoke("shared:live", {})["ExecutedVersion"] for _ in range(5)} == {"1"}

    def invocations(**dimensions: str) -> float:
        points = plane.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Invocations",
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=began - timedelta(minutes=2),
            EndTime=began + timedelta(minutes=10),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    alias = {"FunctionName": "shared", "Resource": "shared:live"}
    wait_until(lambda: invocations(FunctionName="shared") == 70)
    assert invocations(**alias) == 70
    assert invocations(**alias, ExecutedVersion="1") == seen.count("1") + 5
    assert invocations(**alias, ExecutedVersion="2") == seen.count("2") + 5


def test_an_event_for_an_alias_runs_by_its_version(functions: Functions) -> None:
    create(functions, "later", Publish=True)
    functions.client.update_function_code(FunctionName="later", ZipFile=code("two"))
    settle(functions, "later")
    functions.client.create_alias(FunctionName="later", Name="live", FunctionVersion="1")
    functions.client.invoke(
        FunctionName="later", Qualifier="live", InvocationType="Event", Payload=b'"x"'
    )
    wait_until(lambda: f"got x {ARN}later:live" in functions.lines("later"))
    assert any("Version: 1" in line for line in functions.lines("later"))
    reply = functions.client.invoke(
        FunctionName="later", Qualifier="live", InvocationType="DryRun", Payload=b"{}"
    )
    assert reply["StatusCode"] == 204


def test_moving_an_alias_and_deleting_what_it_left_fails_no_invocation(
    functions: Functions,
) -> None:
    create(functions, "moving", Publish=True)
    functions.client.create_alias(FunctionName="moving", Name="live", FunctionVersion="1")
    seen: list[str] = []
    done = threading.Event()

    def invoke() -> None:
        while not done.is_set():
            reply = functions.invoke("moving", {}, Qualifier="live")
            assert reply["json"]["version"] == reply["ExecutedVersion"]
            seen.append(reply["ExecutedVersion"])

    with ThreadPoolExecutor() as pool:
        callers = [pool.submit(invoke) for _ in range(3)]
        try:
            for number in range(2, 6):
                publish(functions, "moving", Timeout=number)
                functions.client.update_alias(
                    FunctionName="moving", Name="live", FunctionVersion=str(number)
                )
                functions.client.delete_function(FunctionName="moving", Qualifier=str(number - 1))
                served = len(seen)
                wait_until(functools.partial(_more_than, seen, served + 6))
        finally:
            done.set()
        for caller in callers:
            caller.result()
    assert set(seen) == {"1", "2", "3", "4", "5"}


# What belongs to a qualifier


def test_permissions_and_event_settings_need_their_qualifier_and_go_with_it(
    functions: Functions,
) -> None:
    create(functions, "owned", Publish=True)
    client = functions.client
    permission = {
        "FunctionName": "owned",
        "StatementId": "s3",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
    }
    events = {"FunctionName": "owned", "MaximumRetryAttempts": 0}
    for call, parameters in (
        (client.add_permission, permission),
        (client.put_function_event_invoke_config, events),
    ):
        for qualifier in ("live", "7"):
            kind, _ = error_of(call, **parameters, Qualifier=qualifier)
            assert kind == "ResourceNotFoundException"
    kind, message = error_of(client.add_permission, **permission, Qualifier="$LATEST")
    assert kind == "InvalidParameterValueException"
    assert message == "We currently do not support adding policies for $LATEST."
    alias = client.create_alias(FunctionName="owned", Name="live", FunctionVersion="1")
    client.add_permission(**permission, Qualifier="live", RevisionId=alias["RevisionId"])
    client.put_function_event_invoke_config(**events, Qualifier="live")
    revision = client.get_alias(FunctionName="owned", Name="live")["RevisionId"]
    policy = client.get_policy(FunctionName="owned", Qualifier="live")
    assert policy["RevisionId"] == revision != alias["RevisionId"]
    assert f"{ARN}owned:live" in policy["Policy"]
    kind, _ = error_of(client.get_policy, FunctionName="owned")
    assert kind == "ResourceNotFoundException"
    client.delete_alias(FunctionName="owned", Name="live")
    client.create_alias(FunctionName="owned", Name="live", FunctionVersion="1")
    for call in (client.get_policy, client.get_function_event_invoke_config):
        kind, _ = error_of(call, FunctionName="owned", Qualifier="live")
        assert kind == "ResourceNotFoundException"


def test_only_a_function_has_tags(functions: Functions) -> None:
    create(functions, "tagged", Publish=True)
    kind, message = error_of(
        functions.client.tag_resource, Resource=f"{ARN}tagged:1", Tags={"a": "b"}
    )
    assert kind == "InvalidParameterValueException"
    assert message.startswith("Tags on function aliases and versions are not supported.")


# The plane's end


def test_versions_and_aliases_outlive_a_kill(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    functions = Functions(plane)
    create(functions, "lasting", Publish=True)
    functions.client.update_function_code(FunctionName="lasting", ZipFile=code("two"), Publish=True)
    settle(functions, "lasting")
    functions.client.update_function_code(FunctionName="lasting", ZipFile=code("three"))
    settle(functions, "lasting")
    made = functions.client.create_alias(
        FunctionName="lasting",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}},
    )
    plane.kill()
    plane.start()
    assert numbers(functions, "lasting") == ["$LATEST", "1", "2"]
    read = functions.client.get_alias(FunctionName="lasting", Name="live")
    assert {**read, "ResponseMetadata": 0} == {**made, "ResponseMetadata": 0}
    for qualifier, expected in (("1", "one"), ("2", "two"), ("live", "two"), ("$LATEST", "three")):
        reply = functions.invoke("lasting", {}, Qualifier=qualifier)
        assert reply["json"]["code"] == expected
    assert publish(functions, "lasting") == "3"
    functions.client.update_function_code(
        FunctionName="lasting", ZipFile=code("four"), Publish=True
    )
    plane.kill()
    plane.start()
    functions.client.get_waiter("published_version_active").wait(
        FunctionName="lasting:4", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    assert functions.invoke("lasting:4", {})["json"]["code"] == "four"
