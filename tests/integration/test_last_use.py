"""When keys, roles and services were last used, as IAM tells it over the wire."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.planes import Plane, wait_until

ALLOW = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:List*", "sagemaker:ListModels"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["ec2:*", "iam:*"], "Resource": "*"},
    ],
}


@pytest.fixture(scope="module")
def iam(plane: Plane) -> Any:
    return plane.client("iam")


@pytest.fixture(scope="module")
def keys(iam: Any) -> Any:
    """Of a user with a policy of its own, which it is in a group with."""
    iam.create_user(UserName="lu-ann", Path="/lu/")
    iam.create_group(GroupName="lu-group")
    iam.add_user_to_group(GroupName="lu-group", UserName="lu-ann")
    iam.put_group_policy(GroupName="lu-group", PolicyName="all", PolicyDocument=json.dumps(ALLOW))
    return iam.create_access_key(UserName="lu-ann")["AccessKey"]


def client(plane: Plane, service: str, keys: dict[str, Any]) -> Any:
    return boto3.client(
        service,
        endpoint_url=plane.url,
        region_name="eu-west-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def report(iam: Any, arn: str, granularity: str = "SERVICE_LEVEL") -> dict[str, Any]:
    """A report's services by namespace."""
    job = iam.generate_service_last_accessed_details(Arn=arn, Granularity=granularity)["JobId"]
    reply = iam.get_service_last_accessed_details(JobId=job)
    assert (reply["JobStatus"], reply["JobType"]) == ("COMPLETED", granularity)
    return {one["ServiceNamespace"]: one for one in reply["ServicesLastAccessed"]}


def test_a_key_tells_when_and_for_what_it_was_used_last(
    plane: Plane, iam: Any, keys: dict[str, Any]
):
    fresh = iam.create_access_key(UserName="lu-ann")["AccessKey"]
    never = iam.get_access_key_last_used(AccessKeyId=fresh["AccessKeyId"])
    assert never["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    before = int(time.time())
    client(plane, "s3", fresh).list_buckets()
    used = iam.get_access_key_last_used(AccessKeyId=fresh["AccessKeyId"])
    assert used["UserName"] == "lu-ann"
    last = used["AccessKeyLastUsed"]
    assert (last["ServiceName"], last["Region"]) == ("s3", "eu-west-1")
    assert before <= last["LastUsedDate"].timestamp() <= time.time() + 1
    iam.delete_access_key(UserName="lu-ann", AccessKeyId=fresh["AccessKeyId"])
    with pytest.raises(ClientError) as caught:
        iam.get_access_key_last_used(AccessKeyId=fresh["AccessKeyId"])
    assert caught.value.response["Error"]["Code"] == "NoSuchEntity"


def test_a_role_tells_when_it_was_used_last(plane: Plane, iam: Any):
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    role = iam.create_role(RoleName="lu-role", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    assert iam.get_role(RoleName="lu-role")["Role"]["RoleLastUsed"] == {}
    session = plane.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="walk")
    iam.put_role_policy(RoleName="lu-role", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    client(plane, "s3", session["Credentials"]).list_buckets()
    last = wait_until(lambda: iam.get_role(RoleName="lu-role")["Role"]["RoleLastUsed"])
    assert last["LastUsedDate"] >= role["CreateDate"]
    assert report(iam, role["Arn"])["s3"]["LastAuthenticatedEntity"] == role["Arn"]
    iam.delete_role_policy(RoleName="lu-role", PolicyName="p")
    iam.delete_role(RoleName="lu-role")
    iam.create_role(RoleName="lu-role", AssumeRolePolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName="lu-role")["Role"]["RoleLastUsed"] == {}


def test_a_report_lists_what_policies_allow_and_what_of_it_was_used(
    plane: Plane, iam: Any, keys: dict[str, Any]
):
    client(plane, "s3", keys).list_buckets()
    user = iam.get_user(UserName="lu-ann")["User"]
    found = wait_until(
        lambda: (of := report(iam, user["Arn"])) and of["s3"]["TotalAuthenticatedEntities"] and of
    )
    assert list(found) == ["ec2", "iam", "s3", "sagemaker"]
    assert found["s3"]["ServiceName"] == "Amazon S3"
    assert found["s3"]["LastAuthenticatedEntity"] == user["Arn"]
    assert found["sagemaker"] == {
        "ServiceName": "Amazon SageMaker",
        "ServiceNamespace": "sagemaker",
        "TotalAuthenticatedEntities": 0,
    }
    actions = report(iam, user["Arn"], "ACTION_LEVEL")["s3"]["TrackedActionsLastAccessed"]
    by_name = {action.pop("ActionName"): action for action in actions}
    assert by_name["ListAllMyBuckets"]["LastAccessedEntity"] == user["Arn"]
    assert by_name["ListBucketVersions"] == {}
    assert "GetObject" not in by_name


def test_a_groups_report_tells_who_of_it(plane: Plane, iam: Any, keys: dict[str, Any]):
    client(plane, "sagemaker", keys).list_models()
    iam.create_user(UserName="lu-bob")
    iam.add_user_to_group(GroupName="lu-group", UserName="lu-bob")
    arn = iam.get_group(GroupName="lu-group")["Group"]["Arn"]
    wait_until(lambda: "LastAuthenticated" in report(iam, arn)["sagemaker"])
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    reply = iam.get_service_last_accessed_details_with_entities(
        JobId=job, ServiceNamespace="sagemaker"
    )
    ann, bob = reply["EntityDetailsList"]
    assert (ann["EntityInfo"]["Name"], ann["EntityInfo"]["Type"]) == ("lu-ann", "USER")
    assert "LastAuthenticated" in ann
    assert bob == {"EntityInfo": bob["EntityInfo"]}


def test_a_managed_policys_report_is_of_all_who_carry_it(iam: Any, keys: dict[str, Any]):
    arn = iam.create_policy(PolicyName="lu-policy", PolicyDocument=json.dumps(ALLOW))["Policy"][
        "Arn"
    ]
    iam.attach_group_policy(GroupName="lu-group", PolicyArn=arn)
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    reply = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="s3")
    assert "lu-ann" in [one["EntityInfo"]["Name"] for one in reply["EntityDetailsList"]]
    iam.detach_group_policy(GroupName="lu-group", PolicyArn=arn)


def test_a_report_is_read_page_by_page(iam: Any, keys: dict[str, Any]):
    arn = iam.get_user(UserName="lu-ann")["User"]["Arn"]
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    names: list[str] = []
    more: dict[str, Any] = {}
    while True:
        reply = iam.get_service_last_accessed_details(JobId=job, MaxItems=3, **more)
        names += [one["ServiceNamespace"] for one in reply["ServicesLastAccessed"]]
        if not reply["IsTruncated"]:
            break
        more = {"Marker": reply["Marker"]}
    assert names == ["ec2", "iam", "s3", "sagemaker"]


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:iam::000000000000:user/nobody", "NoSuchEntity"),
        ("arn:aws:iam::000000000000:policy/none", "NoSuchEntity"),
        ("arn:aws:s3:::some-bucket-of-ours", "InvalidInput"),
    ],
)
def test_what_is_not_there_has_no_report(iam: Any, arn: str, code: str):
    with pytest.raises(ClientError) as caught:
        iam.generate_service_last_accessed_details(Arn=arn)
    assert caught.value.response["Error"]["Code"] == code


def test_policies_that_let_into_a_service_are_listed(iam: Any, keys: dict[str, Any]):
    arn = iam.create_policy(PolicyName="lu-more", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="lu-ann", PolicyArn=arn)
    user = iam.get_user(UserName="lu-ann")["User"]["Arn"]
    reply = iam.list_policies_granting_service_access(Arn=user, ServiceNamespaces=["s3", "sqs"])
    s3, sqs = reply["PoliciesGrantingServiceAccess"]
    assert s3["Policies"] == [
        {"PolicyName": "lu-more", "PolicyType": "MANAGED", "PolicyArn": arn},
        {
            "PolicyName": "all",
            "PolicyType": "INLINE",
            "EntityType": "GROUP",
            "EntityName": "lu-group",
        },
    ]
    assert sqs == {"ServiceNamespace": "sqs", "Policies": []}
    iam.detach_user_policy(UserName="lu-ann", PolicyArn=arn)


def test_a_report_is_for_who_asked_for_it(plane: Plane, iam: Any, keys: dict[str, Any]):
    arn = iam.get_user(UserName="lu-ann")["User"]["Arn"]
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    with pytest.raises(ClientError) as caught:
        client(plane, "iam", keys).get_service_last_accessed_details(JobId=job)
    assert caught.value.response["Error"]["Code"] == "NoSuchEntity"
    with pytest.raises(ClientError) as caught:
        iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="sqs")
    assert caught.value.response["Error"]["Code"] == "InvalidInput"
