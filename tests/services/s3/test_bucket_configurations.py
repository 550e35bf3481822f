from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from kennel.services.s3.bucket_policies import bucket_policy
from kennel.services.s3.errors import (
    AccessControlListNotSupported,
    MalformedPolicy,
    NotImplementedByS3,
)
from kennel.services.s3.names import canonical_id
from tests.services.s3.stage import ACCOUNT, Stage

POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject"],
            "Resource": "arn:aws:s3:::bucket/*",
        }
    ],
}
CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 30}]}


def test_a_policy_comes_back_to_the_letter(stage: Stage):
    assert stage.error("GetBucketPolicy", Bucket="bucket").code == "NoSuchBucketPolicy"
    text = json.dumps(POLICY, indent=3)
    stage.call("DeletePublicAccessBlock", Bucket="bucket")
    stage.call("PutBucketPolicy", Bucket="bucket", Policy=text)
    assert stage.call("GetBucketPolicy", Bucket="bucket") == {"Policy": text}
    assert stage.database.read(lambda connection: bucket_policy(connection, "bucket")) == text
    stage.call("DeleteBucketPolicy", Bucket="bucket")
    assert stage.database.read(lambda connection: bucket_policy(connection, "bucket")) is None
    assert stage.database.read(lambda connection: bucket_policy(connection, "none")) is None


@pytest.mark.parametrize(
    "statement",
    [
        {**POLICY["Statement"][0], "Effect": "Perhaps"},
        {**POLICY["Statement"][0], "Action": "ec2:RunInstances"},
        {**POLICY["Statement"][0], "Action": [1]},
        {**POLICY["Statement"][0], "Resource": "arn:aws:s3:::other/*"},
        {**POLICY["Statement"][0], "Resource": "bucket"},
        {k: v for k, v in POLICY["Statement"][0].items() if k != "Principal"},
        {k: v for k, v in POLICY["Statement"][0].items() if k != "Action"},
        "statement",
    ],
)
def test_a_policy_of_nonsense_is_refused(stage: Stage, statement):
    with pytest.raises(MalformedPolicy):
        stage.call("PutBucketPolicy", Bucket="bucket",
                   Policy=json.dumps({"Statement": [statement]}))  # fmt: skip


_NO_RESOURCE = "Action does not apply to any resource(s) in statement"
_PUBLIC = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::bucket/*",
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"Dog": 1}, "Unknown field Dog"),
        ({"Effect": "Permit"}, "Invalid effect: Permit"),
        ({"Principal": {"AWS": "ann"}}, "Invalid principal in policy"),
        ({"Action": "GetObject"}, "Policy has invalid action"),
        ({"Action": "sqs:SendMessage"}, "Policy has invalid action"),
        ({"Action": "s3:Nope"}, "Policy has invalid action"),
        ({"Resource": "bucket"}, "Policy has invalid resource"),
        ({"Resource": "arn:aws:s3:::other/*"}, "Policy has invalid resource"),
        ({"Resource": "*"}, "Policy has invalid resource"),
        ({"Resource": "arn:aws:s3:::bucket"}, _NO_RESOURCE),
        ({"Action": ["s3:GetObject", "s3:ListBucket"]}, _NO_RESOURCE),
        ({"Condition": {"Like": {"a:b": "c"}}}, "Invalid Condition type : Like."),
    ],
)
def test_a_policy_is_refused_in_s3s_words(stage: Stage, change, sentence):
    text = json.dumps({"Version": "2012-10-17", "Statement": [_PUBLIC | change]})
    with pytest.raises(MalformedPolicy) as caught:
        stage.call("PutBucketPolicy", Bucket="bucket", Policy=text)
    assert str(caught.value) == sentence


def test_the_place_where_a_policy_is_no_json_is_told(stage: Stage):
    error = stage.error("PutBucketPolicy", Bucket="bucket", Policy='{"Statement": [],\n}')
    assert error.message.startswith(
        "Policies must be valid JSON and the first byte must be '{' (line 2, column 1: "
    )


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"Statement": []}', json.dumps({"x": "y" * 21000})]
)
def test_what_is_no_policy_is_refused(stage: Stage, text):
    with pytest.raises(MalformedPolicy):
        stage.call("PutBucketPolicy", Bucket="bucket", Policy=text)


@pytest.mark.parametrize(
    ("noun", "parameter", "structure", "missing"),
    [
        ("BucketCors", "CORSConfiguration", CORS, "NoSuchCORSConfiguration"),
        ("BucketOwnershipControls", "OwnershipControls",
         {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}, "OwnershipControlsNotFoundError"),
        ("PublicAccessBlock", "PublicAccessBlockConfiguration",
         {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True,
          "RestrictPublicBuckets": False}, "NoSuchPublicAccessBlockConfiguration"),
    ],
)  # fmt: skip
def test_a_configuration_is_stored_given_back_and_removed(
    stage: Stage, noun, parameter, structure, missing
):
    stage.call(f"Put{noun}", Bucket="bucket", **{parameter: structure})
    answer = stage.call(f"Get{noun}", Bucket="bucket")
    assert structure in (answer, answer.get(parameter))
    stage.call(f"Delete{noun}", Bucket="bucket")
    assert stage.error(f"Get{noun}", Bucket="bucket").code == missing


def test_a_lifecycle_keeps_its_dates(stage: Stage):
    day = datetime(2027, 1, 1, tzinfo=UTC)
    rules = [{"ID": "r", "Status": "Enabled", "Filter": {}, "Expiration": {"Date": day}}]
    stage.call("PutBucketLifecycleConfiguration", Bucket="bucket",
               LifecycleConfiguration={"Rules": rules})  # fmt: skip
    answer = stage.call("GetBucketLifecycleConfiguration", Bucket="bucket")
    assert answer["Rules"][0]["Expiration"] == {"Date": day.timestamp()}
    assert answer["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    stage.call("DeleteBucketLifecycle", Bucket="bucket")
    error = stage.error("GetBucketLifecycleConfiguration", Bucket="bucket")
    assert error.code == "NoSuchLifecycleConfiguration"


def test_encryption_falls_back_to_s3s_default(stage: Stage):
    def algorithm() -> str:
        answer = stage.call("GetBucketEncryption", Bucket="bucket")
        (rule,) = answer["ServerSideEncryptionConfiguration"]["Rules"]
        return str(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])

    assert algorithm() == "AES256"
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    stage.call("PutBucketEncryption", Bucket="bucket",
               ServerSideEncryptionConfiguration={"Rules": rules})  # fmt: skip
    assert algorithm() == "aws:kms"
    stage.call("DeleteBucketEncryption", Bucket="bucket")
    assert algorithm() == "AES256"


def test_a_new_bucket_is_private_as_aws_makes_it(stage: Stage):
    block = stage.call("GetPublicAccessBlock", Bucket="bucket")["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    controls = stage.call("GetBucketOwnershipControls", Bucket="bucket")["OwnershipControls"]
    assert controls == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_the_owner_has_full_control_and_nobody_else_can_get_any(stage: Stage):
    stage.put("k")
    owner = {"ID": canonical_id(ACCOUNT)}
    full = [{"Grantee": {"Type": "CanonicalUser", **owner}, "Permission": "FULL_CONTROL"}]
    for noun, where in (("Bucket", {}), ("Object", {"Key": "k"})):
        get, put = f"Get{noun}Acl", f"Put{noun}Acl"
        assert stage.call(get, Bucket="bucket", **where) == {"Owner": owner, "Grants": full}
        stage.call(put, Bucket="bucket", **where, AccessControlPolicy={"Grants": full})
        error = stage.error(put, Bucket="bucket", **where, ACL="public-read")
        assert isinstance(error, AccessControlListNotSupported)
        others = [{"Grantee": {"Type": "CanonicalUser", "ID": "x"}, "Permission": "READ"}]
        error = stage.error(put, Bucket="bucket", **where, AccessControlPolicy={"Grants": others})
        assert isinstance(error, NotImplementedByS3)


def test_a_bucket_without_enforced_ownership_takes_the_private_acl(stage: Stage):
    stage.call("CreateBucket", Bucket="acls", ObjectOwnership="ObjectWriter", ACL="private")
    stage.call("PutBucketAcl", Bucket="acls", ACL="private")
    error = stage.error("PutBucketAcl", Bucket="acls", ACL="public-read")
    assert isinstance(error, NotImplementedByS3)


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("GetBucketAccelerateConfiguration", {}),
        ("GetBucketLogging", {}),
        ("GetBucketNotificationConfiguration", {}),
        ("GetBucketRequestPayment", {"Payer": "BucketOwner"}),
        ("GetBucketReplication", "ReplicationConfigurationNotFoundError"),
        ("GetBucketWebsite", "NoSuchWebsiteConfiguration"),
        ("GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"),
    ],
)
def test_what_no_bucket_has_is_said_to_be_absent(stage: Stage, operation, answer):
    if isinstance(answer, str):
        assert stage.error(operation, Bucket="bucket").code == answer
    else:
        assert stage.call(operation, Bucket="bucket") == answer
    assert stage.error(operation, Bucket="missing").code == "NoSuchBucket"
