from __future__ import annotations

from kennel.services.s3.errors import InvalidTag, NoSuchKey
from tests.services.s3.stage import Stage

TAGS = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]}


def test_an_objects_tags_are_put_read_and_removed(stage: Stage):
    stage.put("k", Tagging="old=1")
    where = {"Bucket": "bucket", "Key": "k"}
    stage.call("PutObjectTagging", **where, Tagging=TAGS)
    assert stage.call("GetObjectTagging", **where) == TAGS
    assert stage.call("HeadObject", **where)["TagCount"] == 2
    stage.call("DeleteObjectTagging", **where)
    assert stage.call("GetObjectTagging", **where) == {"TagSet": []}
    assert stage.read("k") == b"body"


def test_each_version_has_tags_of_its_own(versioned: Stage):
    first = versioned.put("k", Tagging="v=1")["VersionId"]
    versioned.put("k", Tagging="v=2")
    answer = versioned.call("GetObjectTagging", Bucket="bucket", Key="k", VersionId=first)
    assert answer == {"TagSet": [{"Key": "v", "Value": "1"}], "VersionId": first}


def test_tags_of_what_is_not_there_are_an_error(stage: Stage):
    for operation, more in (("GetObjectTagging", {}), ("PutObjectTagging", {"Tagging": TAGS})):
        error = stage.error(operation, Bucket="bucket", Key="k", **more)
        assert isinstance(error, NoSuchKey)


def test_a_buckets_tags_are_put_read_and_removed(stage: Stage):
    assert stage.error("GetBucketTagging", Bucket="bucket").code == "NoSuchTagSet"
    stage.call("PutBucketTagging", Bucket="bucket", Tagging=TAGS)
    assert stage.call("GetBucketTagging", Bucket="bucket") == TAGS
    stage.call("DeleteBucketTagging", Bucket="bucket")
    assert stage.error("GetBucketTagging", Bucket="bucket").status == 404


def test_a_bucket_may_be_made_with_tags(stage: Stage):
    stage.call("CreateBucket", Bucket="tagged", CreateBucketConfiguration={"Tags": TAGS["TagSet"]})
    assert stage.call("GetBucketTagging", Bucket="tagged") == TAGS


def test_bad_tags_put_nothing(stage: Stage):
    error = stage.error("PutObject", Bucket="bucket", Key="k", Body=b"x", Tagging="aws:x=1")
    assert isinstance(error, InvalidTag)
    assert stage.files() == 0
