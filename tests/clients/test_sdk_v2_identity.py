"""The SDK, version 2: who it is, and files in S3."""

from __future__ import annotations


def test_the_execution_role_is_found(sdk_identity, plane):
    name = sdk_identity["role"].rsplit("/", 1)[1]
    role = plane.client("iam").get_role(RoleName=name)["Role"]
    assert role["Arn"] == sdk_identity["role"]
    assert ":role/service-role/AmazonSageMaker-ExecutionRole-" in sdk_identity["role"]


def test_the_default_bucket_is_made_and_named_after_region_and_account(sdk_identity, plane):
    account = plane.client("sts").get_caller_identity()["Account"]
    assert sdk_identity["account"] == account
    assert sdk_identity["bucket"] == f"sagemaker-{sdk_identity['region']}-{account}"
    plane.client("s3").head_bucket(Bucket=sdk_identity["bucket"])


def test_files_go_up_and_come_down(sdk_identity):
    prefix = f"s3://{sdk_identity['bucket']}/files"
    names = ["a.txt", "c.txt", "d.bin", "deep/b.txt"]
    assert sdk_identity["listed"] == [f"{prefix}/{name}" for name in names]
    assert sdk_identity["downloaded"] == names
    assert (sdk_identity["read"], sdk_identity["read_bytes"]) == ("third", "fourth")
    assert sdk_identity["uploaded"] == f"s3://{sdk_identity['bucket']}/single/a.txt"
