from __future__ import annotations

from typing import Any

import pytest

from kennel.clock import SimulatedClock
from kennel.errors import NotImplementedByKennel
from kennel.services.logs.errors import (
    InvalidParameterException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    TooManyTagsException,
)
from tests.services.logs.conftest import StageFactory
from tests.services.logs.stage import ACCOUNT, Stage


def names(stage: Stage, **parameters: Any) -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = stage.call("DescribeLogGroups", **parameters, **token)
        found += [group["logGroupName"] for group in page["logGroups"]]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def test_a_group_is_described_as_it_was_made(stage: Stage, clock: SimulatedClock) -> None:
    stage.call("CreateLogGroup", logGroupName="/aws/lambda/f", tags={"a": "b"})
    (group,) = stage.call("DescribeLogGroups", logGroupNamePrefix="/aws/")["logGroups"]
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/f"
    assert group == {
        "logGroupName": "/aws/lambda/f",
        "creationTime": int(clock.wall() * 1000),
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
    }


def test_a_second_group_of_a_name_is_an_error(stage: Stage) -> None:
    with pytest.raises(ResourceAlreadyExistsException, match="The specified log group already"):
        stage.call("CreateLogGroup", logGroupName="g")


@pytest.mark.parametrize("name", ["", "with space", "a" * 513, "colon:", "aws/own"])
def test_a_group_of_a_bad_name_is_an_error(stage: Stage, name: str) -> None:
    with pytest.raises(InvalidParameterException):
        stage.call("CreateLogGroup", logGroupName=name)


def test_groups_are_listed_in_the_order_of_their_names_page_by_page(stage: Stage) -> None:
    made = [f"n/{number:03d}" for number in range(120)]
    for name in reversed(made):
        stage.call("CreateLogGroup", logGroupName=name)
    assert names(stage, logGroupNamePrefix="n/") == made
    assert names(stage, logGroupNamePrefix="n/", limit=7) == made
    assert names(stage, logGroupNamePattern="/11", limit=3) == made[110:120]
    assert names(stage) == ["g", *made]


def test_a_prefix_is_no_pattern(stage: Stage) -> None:
    for name in ("a_b", "axb", "a_c"):
        stage.call("CreateLogGroup", logGroupName=name)
    assert names(stage, logGroupNamePrefix="a_") == ["a_b", "a_c"]


def test_prefix_and_pattern_exclude_each_other(stage: Stage) -> None:
    with pytest.raises(InvalidParameterException):
        stage.call("DescribeLogGroups", logGroupNamePrefix="a", logGroupNamePattern="b")


def test_groups_are_described_by_name_and_arn(stage: Stage) -> None:
    arn = stage.call("DescribeLogGroups")["logGroups"][0]["logGroupArn"]
    for identifier in ("g", arn, f"{arn}:*"):
        page = stage.call("DescribeLogGroups", logGroupIdentifiers=[identifier, "none"])
        assert [group["logGroupName"] for group in page["logGroups"]] == ["g"]


def test_a_deleted_group_is_gone_with_its_streams(stage: Stage) -> None:
    stage.call("DeleteLogGroup", logGroupName="g")
    for operation, parameters in {
        "DeleteLogGroup": {},
        "DescribeLogStreams": {},
        "GetLogEvents": {"logStreamName": "s"},
        "CreateLogStream": {"logStreamName": "t"},
    }.items():
        with pytest.raises(ResourceNotFoundException, match="log group does not exist"):
            stage.call(operation, logGroupName="g", **parameters)
    stage.call("CreateLogGroup", logGroupName="g")
    assert stage.call("DescribeLogStreams", logGroupName="g")["logStreams"] == []


def test_regions_have_groups_of_their_own(stage: Stage) -> None:
    stage.call("CreateLogGroup", region="eu-west-1", logGroupName="g")
    (group,) = stage.call("DescribeLogGroups", region="eu-west-1")["logGroups"]
    assert ":eu-west-1:" in group["arn"]
    assert stage.call("DescribeLogStreams", region="eu-west-1", logGroupName="g") == {
        "logStreams": []
    }


def test_a_retention_is_set_described_and_removed(stage: Stage) -> None:
    stage.call("PutRetentionPolicy", logGroupName="g", retentionInDays=7)
    assert stage.call("DescribeLogGroups")["logGroups"][0]["retentionInDays"] == 7
    stage.call("DeleteRetentionPolicy", logGroupName="g")
    assert "retentionInDays" not in stage.call("DescribeLogGroups")["logGroups"][0]
    with pytest.raises(InvalidParameterException):
        stage.call("PutRetentionPolicy", logGroupName="g", retentionInDays=2)


def test_tags_are_added_changed_and_removed_by_both_families(stage: Stage) -> None:
    arn = stage.call("DescribeLogGroups")["logGroups"][0]["logGroupArn"]
    stage.call("TagResource", resourceArn=arn, tags={"a": "1", "b": "2"})
    stage.call("TagLogGroup", logGroupName="g", tags={"b": "3", "c": "4"})
    assert stage.call("ListTagsForResource", resourceArn=arn) == {
        "tags": {"a": "1", "b": "3", "c": "4"}
    }
    stage.call("UntagResource", resourceArn=f"{arn}:*", tagKeys=["a"])
    stage.call("UntagLogGroup", logGroupName="g", tags=["c"])
    assert stage.call("ListTagsLogGroup", logGroupName="g") == {"tags": {"b": "3"}}


def test_a_fifty_first_tag_is_an_error(stage: Stage) -> None:
    stage.call("TagLogGroup", logGroupName="g", tags={str(n): "" for n in range(50)})
    group = stage.call("DescribeLogGroups")["logGroups"][0]
    with pytest.raises(TooManyTagsException):
        stage.call("TagResource", resourceArn=group["logGroupArn"], tags={"more": ""})
    with pytest.raises(InvalidParameterException):
        stage.call("TagLogGroup", logGroupName="g", tags={"more": ""})
    with pytest.raises(InvalidParameterException):
        stage.call("CreateLogGroup", logGroupName="t", tags={str(n): "" for n in range(51)})


@pytest.mark.parametrize("token", ["", "x", "AAAA", "kv8=", "ZzpmYQ=="])
def test_a_forged_token_is_an_error(stage: Stage, token: str) -> None:
    with pytest.raises(InvalidParameterException, match="nextToken"):
        stage.call("DescribeLogGroups", nextToken=token)


def test_what_is_not_done_is_refused_by_name(stage: Stage) -> None:
    with pytest.raises(NotImplementedByKennel, match="kmsKeyId"):
        stage.call("CreateLogGroup", logGroupName="k", kmsKeyId="key")
    with pytest.raises(NotImplementedByKennel, match="StartQuery"):
        stage.call("StartQuery")


def test_groups_outlive_a_restart(make_stage: StageFactory) -> None:
    first = make_stage()
    first.call("CreateLogGroup", logGroupName="kept", tags={"a": "b"})
    first.logs.stop()
    second = make_stage()
    assert names(second) == ["kept"]
    assert second.call("ListTagsLogGroup", logGroupName="kept") == {"tags": {"a": "b"}}
