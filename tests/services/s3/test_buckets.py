from __future__ import annotations

from typing import Any

import pytest

from kennel.services.s3.errors import (
    AccessControlListNotSupported,
    AccessDenied,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    IllegalLocationConstraintException,
    InvalidArgument,
    InvalidBucketName,
    InvalidLocationConstraint,
    NoSuchBucket,
    NotImplementedByS3,
)
from tests.services.s3.stage import ACCOUNT, Stage


def test_a_bucket_is_in_the_region_it_was_made_in(stage: Stage):
    stage.call(
        "CreateBucket",
        region="eu-west-1",
        Bucket="other",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    assert stage.call("GetBucketLocation", Bucket="other") == {"LocationConstraint": "eu-west-1"}
    assert stage.call("HeadBucket", Bucket="other")["BucketRegion"] == "eu-west-1"


def test_the_first_region_has_no_location_constraint(stage: Stage):
    assert stage.call("GetBucketLocation", Bucket="bucket") == {}
    assert stage.call("HeadBucket", Bucket="bucket")["BucketRegion"] == "us-east-1"


def test_a_bucket_may_be_made_again_in_the_first_region_only(stage: Stage):
    stage.put("k")
    stage.call("CreateBucket", Bucket="bucket")
    assert stage.read("k") == b"body"
    west: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": "us-west-2"}}
    stage.call("CreateBucket", Bucket="west", **west)
    assert isinstance(stage.error("CreateBucket", Bucket="west", **west), BucketAlreadyOwnedByYou)


@pytest.mark.parametrize(
    ("region", "constraint", "error"),
    [
        ("us-east-1", "us-east-1", InvalidLocationConstraint),
        ("eu-west-1", "", IllegalLocationConstraintException),
        ("eu-west-1", "us-west-2", IllegalLocationConstraintException),
    ],
)
def test_a_location_must_fit_the_endpoint(stage: Stage, region, constraint, error):
    configuration = {"LocationConstraint": constraint} if constraint else {}
    with pytest.raises(error):
        stage.call(
            "CreateBucket", region=region, Bucket="new", CreateBucketConfiguration=configuration
        )


def test_a_name_against_the_rules_makes_no_bucket(stage: Stage):
    assert isinstance(stage.error("CreateBucket", Bucket="No_Good"), InvalidBucketName)


def test_buckets_are_listed_by_name_in_pages(stage: Stage):
    for name in ("b-2", "b-1", "c-1"):
        stage.call("CreateBucket", Bucket=name)
    page = stage.call("ListBuckets", MaxBuckets=2)
    assert [bucket["Name"] for bucket in page["Buckets"]] == ["b-1", "b-2"]
    page = stage.call("ListBuckets", MaxBuckets=2, ContinuationToken=page["ContinuationToken"])
    assert [bucket["Name"] for bucket in page["Buckets"]] == ["bucket", "c-1"]
    assert "ContinuationToken" not in page
    page = stage.call("ListBuckets", Prefix="b-")
    assert [bucket["Name"] for bucket in page["Buckets"]] == ["b-1", "b-2"]
    assert stage.call("ListBuckets", BucketRegion="eu-west-1")["Buckets"] == []


def test_a_token_of_nobodys_is_refused(stage: Stage):
    assert isinstance(stage.error("ListBuckets", ContinuationToken="é"), InvalidArgument)


def test_only_an_empty_bucket_can_be_deleted(stage: Stage):
    stage.put("k")
    assert isinstance(stage.error("DeleteBucket", Bucket="bucket"), BucketNotEmpty)
    stage.call("DeleteObject", Bucket="bucket", Key="k")
    stage.call("DeleteBucket", Bucket="bucket")
    assert isinstance(stage.error("HeadBucket", Bucket="bucket"), NoSuchBucket)


def test_a_delete_marker_keeps_a_bucket_from_being_deleted(versioned: Stage):
    versioned.call("DeleteObject", Bucket="bucket", Key="k")
    assert isinstance(versioned.error("DeleteBucket", Bucket="bucket"), BucketNotEmpty)


def test_deleting_a_bucket_frees_the_parts_of_its_uploads(stage: Stage):
    upload = stage.begin("k")
    stage.part("k", upload, 1, b"part")
    assert stage.files() == 1
    stage.call("DeleteBucket", Bucket="bucket")
    assert stage.files() == 0


def test_a_new_bucket_of_an_old_name_has_nothing_of_the_old(stage: Stage):
    stage.call(
        "PutBucketTagging", Bucket="bucket", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )
    stage.call("DeleteBucket", Bucket="bucket")
    stage.call("CreateBucket", Bucket="bucket")
    assert stage.error("GetBucketTagging", Bucket="bucket").code == "NoSuchTagSet"


def test_the_expected_owner_must_be_the_owner(stage: Stage):
    stage.call("HeadBucket", Bucket="bucket", ExpectedBucketOwner=ACCOUNT)
    error = stage.error("HeadBucket", Bucket="bucket", ExpectedBucketOwner="999999999999")
    assert isinstance(error, AccessDenied)


def test_what_kennels_buckets_cannot_have_is_refused(stage: Stage):
    error = stage.error("CreateBucket", Bucket="locked", ObjectLockEnabledForBucket=True)
    assert isinstance(error, NotImplementedByS3)
    error = stage.error("CreateBucket", Bucket="public", ACL="public-read")
    assert isinstance(error, AccessControlListNotSupported)


def test_every_operation_names_a_missing_bucket(stage: Stage):
    for operation, parameters in (
        ("GetObject", {"Key": "k"}),
        ("PutObject", {"Key": "k", "Body": b"x"}),
        ("ListObjectsV2", {}),
        ("DeleteObjects", {"Delete": {"Objects": [{"Key": "k"}]}}),
        ("CreateMultipartUpload", {"Key": "k"}),
        ("GetBucketPolicy", {}),
    ):
        error = stage.error(operation, Bucket="missing", **parameters)
        assert isinstance(error, NoSuchBucket)
        assert error.members == {"BucketName": "missing"}
    assert stage.files() == 0


@pytest.mark.parametrize("region", ["mars-1", "atlantis", "us-east-1"])
def test_a_location_constraint_is_the_name_of_another_region(stage: Stage, region: str) -> None:
    error = stage.error(
        "CreateBucket",
        Bucket="far-away",
        CreateBucketConfiguration={"LocationConstraint": region},
    )
    assert error.code == "InvalidLocationConstraint"
