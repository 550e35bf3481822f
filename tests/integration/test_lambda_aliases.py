"""Aliases, weighted routing, and what belongs to a qualifier, by boto3 against a real plane."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from tests.integration.function_versions import (
    ARN,
    code,
    create,
    more_than,
    publish,
    setting,
    settle,
    total,
)
from tests.integration.functions import Functions
from tests.integration.refusals import refused
from tests.planes import Plane, wait_until


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
    assert refused(client.update_alias, **stale)[0] == "PreconditionFailedException"
    read = client.get_alias(FunctionName="named", Name="live")
    assert read["RevisionId"] == moved["RevisionId"]
    client.delete_alias(FunctionName="named", Name="live")
    kind, message = refused(client.get_alias, FunctionName="named", Name="live")
    assert kind == "ResourceNotFoundException"
    assert message == f"Cannot find alias arn: {ARN}named:live"
    kind, message = refused(client.invoke, FunctionName="named", Qualifier="live")
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
        kind, message = refused(client.delete_function, FunctionName="held", Qualifier=qualifier)
        assert kind == "ResourceConflictException"
        assert message == (
            f"Unable to delete version because the following aliases reference it: [{names}]"
        )
    kind, message = refused(client.delete_function, FunctionName="held", Qualifier="live")
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

    def said(version: str, weights: dict[str, float], function: str = "bounds") -> Any:
        return refused(
            client.create_alias,
            FunctionName=function,
            Name="live",
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )

    invalid, absent = "InvalidParameterValueException", "ResourceNotFoundException"
    assert said("1", {"2": 0.1, "3": 0.1}) == (
        invalid,
        "Number of items in AdditionalVersionWeights cannot be greater than 1",
    )
    assert said("1", {"1": 0.1}) == (
        invalid,
        "Invalid function version 1. Function version 1 is already included in routing "
        "configuration.",
    )
    assert said("$LATEST", {"1": 0.1}) == (
        invalid,
        "$LATEST is not supported for an alias pointing to more than 1 version",
    )
    assert said("9", {}) == (absent, f"Function not found: {ARN}bounds:9")
    assert said("1", {"9": 0.1}) == (absent, f"Function not found: {ARN}bounds:9")
    assert said("01", {}) == (absent, f"Function not found: {ARN}bounds:01")
    assert said("1", {}, "nobody") == (absent, f"Function not found: {ARN}nobody:1")
    for weights in ({"2": 1.5}, {"$LATEST": 0.5}):
        assert said("1", weights)[0] == "ValidationException"
    client.create_alias(FunctionName="bounds", Name="newest", FunctionVersion="$LATEST")
    kind, message = refused(
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
    kind, message = refused(
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
    create(functions, "weighted", Publish=True)
    publish(functions, "weighted", Environment=setting("b"))
    client = functions.client
    client.create_alias(
        FunctionName="weighted",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    began = datetime.now(UTC)
    seen = [functions.invoke("weighted:live", {})["ExecutedVersion"] for _ in range(60)]
    assert set(seen) == {"1", "2"}
    route = {"AdditionalVersionWeights": {"2": 1.0}}
    client.update_alias(FunctionName="weighted", Name="live", RoutingConfig=route)
    assert {functions.invoke("weighted:live", {})["ExecutedVersion"] for _ in range(5)} == {"2"}
    route = {"AdditionalVersionWeights": {}}
    assert "RoutingConfig" not in client.update_alias(
        FunctionName="weighted", Name="live", RoutingConfig=route
    )
    assert {functions.invoke("weighted:live", {})["ExecutedVersion"] for _ in range(5)} == {"1"}

    invocations = functools.partial(total, plane, "Invocations", began)
    alias = {"FunctionName": "weighted", "Resource": "weighted:live"}
    wait_until(lambda: invocations(FunctionName="weighted") == 70)
    assert invocations(**alias) == 70
    assert invocations(**alias, ExecutedVersion="1") == seen.count("1") + 5
    assert invocations(**alias, ExecutedVersion="2") == seen.count("2") + 5


def test_an_event_for_an_alias_runs_by_its_version(functions: Functions) -> None:
    create(functions, "afterwards", Publish=True)
    functions.client.update_function_code(FunctionName="afterwards", ZipFile=code("two"))
    settle(functions, "afterwards")
    functions.client.create_alias(FunctionName="afterwards", Name="live", FunctionVersion="1")
    functions.client.invoke(
        FunctionName="afterwards", Qualifier="live", InvocationType="Event", Payload=b'"x"'
    )
    wait_until(lambda: f"got x {ARN}afterwards:live" in functions.lines("afterwards"))
    assert any("Version: 1" in line for line in functions.lines("afterwards"))
    reply = functions.client.invoke(
        FunctionName="afterwards", Qualifier="live", InvocationType="DryRun", Payload=b"{}"
    )
    assert reply["StatusCode"] == 204


def test_an_event_that_fails_is_tried_as_often_as_its_alias_says(
    functions: Functions, plane: Plane
) -> None:
    create(functions, "only-once", Publish=True, Handler="main.absent")
    client = functions.client
    client.create_alias(FunctionName="only-once", Name="live", FunctionVersion="1")
    client.put_function_event_invoke_config(
        FunctionName="only-once", Qualifier="live", MaximumRetryAttempts=0
    )
    began = datetime.now(UTC)
    client.invoke(FunctionName="only-once:live", InvocationType="Event", Payload=b"{}")
    dropped = functools.partial(
        total,
        plane,
        "AsyncEventsDropped",
        began,
        FunctionName="only-once",
        Resource="only-once:live",
    )
    wait_until(lambda: dropped() == 1)


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
                wait_until(functools.partial(more_than, seen, served + 6))
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
            kind, _ = refused(call, **parameters, Qualifier=qualifier)
            assert kind == "ResourceNotFoundException"
    kind, message = refused(client.add_permission, **permission, Qualifier="$LATEST")
    assert kind == "InvalidParameterValueException"
    assert message == "We currently do not support adding policies for $LATEST."
    alias = client.create_alias(FunctionName="owned", Name="live", FunctionVersion="1")
    client.add_permission(**permission, Qualifier="live", RevisionId=alias["RevisionId"])
    client.put_function_event_invoke_config(**events, Qualifier="live")
    revision = client.get_alias(FunctionName="owned", Name="live")["RevisionId"]
    policy = client.get_policy(FunctionName="owned", Qualifier="live")
    assert policy["RevisionId"] == revision != alias["RevisionId"]
    assert f"{ARN}owned:live" in policy["Policy"]
    kind, _ = refused(client.get_policy, FunctionName="owned")
    assert kind == "ResourceNotFoundException"
    client.delete_alias(FunctionName="owned", Name="live")
    client.create_alias(FunctionName="owned", Name="live", FunctionVersion="1")
    for call in (client.get_policy, client.get_function_event_invoke_config):
        kind, _ = refused(call, FunctionName="owned", Qualifier="live")
        assert kind == "ResourceNotFoundException"


def test_only_a_function_has_tags(functions: Functions) -> None:
    create(functions, "untagged", Publish=True)
    kind, message = refused(
        functions.client.tag_resource, Resource=f"{ARN}untagged:1", Tags={"a": "b"}
    )
    assert kind == "InvalidParameterValueException"
    assert message.startswith("Tags on function aliases and versions are not supported.")
