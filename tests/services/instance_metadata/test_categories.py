"""Instance metadata has AWS's categories, and only those that the instance has something for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kennel.services.instance_metadata import InstanceFacts, look_up

FULL = InstanceFacts(
    instance_id="i-0123456789abcdef0",
    instance_type="t3.medium",
    region="us-east-1",
    availability_zone="us-east-1a",
    account_id="000000000000",
    architecture="x86_64",
    started=1_335_459_399.0,
    image_id="ami-0abc",
    private_ip="10.0.0.7",
    host_name="ip-10-0-0-7.ec2.internal",
    role_name="job",
    profile_arn="arn:aws:iam::000000000000:instance-profile/job",
    profile_id="AIPAEXAMPLE",
    security_groups=("default", "web"),
    tags={"Name": "dogs"},
    user_data=b"#!/bin/sh\n\xff",
    more={"spot/instance-action": '{"action": "terminate"}', "spot/termination-time": "soon"},
)
BARE = InstanceFacts(
    instance_id="i-1",
    instance_type="m5.large",
    region="eu-west-1",
    availability_zone="eu-west-1a",
    account_id="000000000000",
    architecture="arm64",
    started=0.0,
)


def text(path: str, facts: InstanceFacts = FULL, keys: Any = None) -> str | None:
    found = look_up(facts, path, lambda: keys or {"Code": "Success"})
    return None if found is None else found.decode()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "latest/"),
        ("latest", "dynamic/\nmeta-data/\nuser-data"),
        ("latest/meta-data/instance-id", "i-0123456789abcdef0"),
        ("latest/meta-data/instance-type", "t3.medium"),
        ("latest/meta-data/ami-id", "ami-0abc"),
        ("latest/meta-data/local-ipv4", "10.0.0.7"),
        ("latest/meta-data/hostname", "ip-10-0-0-7.ec2.internal"),
        ("latest/meta-data/security-groups", "default\nweb"),
        ("latest/meta-data/placement/", "availability-zone\nregion"),
        ("latest/meta-data/placement", "availability-zone\nregion"),
        ("latest/meta-data/placement/region", "us-east-1"),
        ("latest/meta-data/placement/availability-zone", "us-east-1a"),
        ("latest/meta-data/iam", "info\nsecurity-credentials/"),
        ("latest/meta-data/iam/security-credentials/", "job"),
        ("latest/meta-data/tags/instance/Name", "dogs"),
        ("latest/meta-data/spot", "instance-action\ntermination-time"),
        ("latest/meta-data/spot/termination-time", "soon"),
    ],
)
def test_a_category_is_answered_or_listed(path: str, said: str) -> None:
    assert text(path) == said


def test_user_data_comes_as_it_was_given() -> None:
    assert look_up(FULL, "latest/user-data", dict) == b"#!/bin/sh\n\xff"


@pytest.mark.parametrize(
    "path",
    [
        "1.0",
        "latest/user-data",
        "latest/meta-data/ami-id",
        "latest/meta-data/iam",
        "latest/meta-data/tags",
        "latest/meta-data/local-ipv4",
        "latest/meta-data/instance-id/more",
        "latest/../latest",
    ],
)
def test_what_is_not_there_is_not_answered(path: str) -> None:
    assert text(path, BARE) is None


def test_the_roles_credentials_are_asked_for_where_they_are_wanted() -> None:
    asked: Iterator[int] = iter(range(9))

    def credentials() -> dict[str, str]:
        return {"Code": "Success", "AccessKeyId": f"ASIA{next(asked)}"}

    assert look_up(FULL, "latest/meta-data/iam/security-credentials/", credentials) == b"job"
    found = look_up(FULL, "latest/meta-data/iam/security-credentials/job", credentials)
    assert found is not None
    assert json.loads(found)["AccessKeyId"] == "ASIA0"


def test_the_identity_document_has_awss_members() -> None:
    found = text("latest/dynamic/instance-identity/document")
    assert found is not None
    document = json.loads(found)
    assert document["instanceId"] == "i-0123456789abcdef0"
    assert document["pendingTime"] == "2012-04-26T16:56:39Z"
    assert document["version"] == "2017-09-30"
    assert (document["region"], document["architecture"]) == ("us-east-1", "x86_64")
    assert document["privateIp"] == "10.0.0.7"
    found = text("latest/meta-data/iam/info")
    assert found is not None
    assert json.loads(found)["InstanceProfileId"] == "AIPAEXAMPLE"
