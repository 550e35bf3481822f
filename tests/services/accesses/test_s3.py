"""What S3's operations need, and what S3 knows of its resources."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from kennel.errors import AccessDeniedException
from kennel.gateway.plane import Plane
from kennel.identity import Principal
from kennel.services import Access, Context
from kennel.services.s3.action_names import is_action
from tests.services.accesses.conftest import Needs
from tests.services.accesses.reference import actions_of

KEY = "arn:aws:s3:::pets/dogs/rex.jpg"
REX: dict[str, Any] = {"Bucket": "pets", "Key": "dogs/rex.jpg"}


@pytest.fixture(scope="module")
def bucket(root: Context) -> Iterator[str]:
    root.call("s3", "CreateBucket", Bucket="pets")
    root.call("s3", "PutObject", **REX, Body=b"woof", Tagging="breed=mixed")
    yield "pets"
    root.call("s3", "DeleteObject", **REX)
    root.call("s3", "DeleteBucket", Bucket="pets")


def test_a_version_that_is_named_has_actions_of_its_own(needs: Needs):
    assert needs("s3", "GetObject", **REX) == [("s3:GetObject", KEY)]
    assert needs("s3", "HeadObject", **REX, VersionId="7") == [("s3:GetObjectVersion", KEY)]
    assert needs("s3", "DeleteObject", **REX, VersionId="7") == [("s3:DeleteObjectVersion", KEY)]
    assert needs("s3", "GetObjectTagging", **REX, VersionId="7") == [
        ("s3:GetObjectVersionTagging", KEY)
    ]
    assert needs("s3", "GetObjectAttributes", **REX, VersionId="7") == [
        ("s3:GetObjectVersion", KEY),
        ("s3:GetObjectVersionAttributes", KEY),
    ]


def test_an_acl_and_tags_on_a_new_object_need_more(needs: Needs):
    assert needs("s3", "PutObject", **REX, ACL="private", Tagging="a=b") == [
        ("s3:PutObject", KEY),
        ("s3:PutObjectAcl", KEY),
        ("s3:PutObjectTagging", KEY),
    ]


def test_a_copy_reads_its_source(needs: Needs):
    assert needs("s3", "CopyObject", **REX, CopySource="/other/a%20b") == [
        ("s3:PutObject", KEY),
        ("s3:GetObject", "arn:aws:s3:::other/a b"),
    ]
    assert needs("s3", "UploadPartCopy", **REX, CopySource="other/k?versionId=7") == [
        ("s3:PutObject", KEY),
        ("s3:GetObjectVersion", "arn:aws:s3:::other/k"),
    ]


def test_a_copy_of_tags_reads_and_writes_tags(needs: Needs, bucket: str):
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/dogs/rex.jpg"}
    assert ("s3:GetObjectTagging", KEY) in needs("s3", "CopyObject", **copy)
    assert ("s3:PutObjectTagging", "arn:aws:s3:::pets/copy") in needs("s3", "CopyObject", **copy)
    replaced = needs("s3", "CopyObject", **copy, TaggingDirective="REPLACE")
    assert [action for action, _ in replaced] == ["s3:PutObject", "s3:GetObject"]


def test_a_source_that_makes_no_sense_is_the_operations_to_refuse(needs: Needs):
    assert needs("s3", "CopyObject", **REX, CopySource="nonsense")[0] == ("s3:PutObject", KEY)


def test_a_new_buckets_acl_needs_more_unless_it_is_private(needs: Needs):
    private = needs("s3", "CreateBucket", Bucket="b", ACL="private")
    assert private == [("s3:CreateBucket", "arn:aws:s3:::b")]
    assert ("s3:PutBucketAcl", "arn:aws:s3:::b") in needs(
        "s3", "CreateBucket", Bucket="b", ACL="public-read"
    )


def test_a_listing_has_its_prefix_among_its_condition_keys(accesses: Callable[..., list[Access]]):
    (listing,) = accesses("s3", "ListObjectsV2", Bucket="b", Prefix="p/", Delimiter="/", MaxKeys=7)
    assert listing == Access(
        "s3:ListBucket",
        "arn:aws:s3:::b",
        {"s3:prefix": ("p/",), "s3:delimiter": ("/",), "s3:max-keys": ("7",)},
    )


def test_a_new_objects_tags_and_encryption_are_condition_keys(
    accesses: Callable[..., list[Access]],
):
    put = accesses("s3", "PutObject", **REX, Tagging="Team=a", ServerSideEncryption="AES256")[0]
    assert put.context == {
        "s3:requestobjecttag/team": ("a",),
        "s3:requestobjecttagkeys": ("Team",),
        "s3:x-amz-server-side-encryption": ("AES256",),
        "s3:objectcreationoperation": ("true",),
    }


def test_tags_of_an_object_are_there_for_conditions_that_ask(
    accesses: Callable[..., list[Access]], bucket: str
):
    (get,) = accesses("s3", "GetObject", **REX)
    assert get.context.get("s3:existingobjecttag/breed") == ("mixed",)
    assert "s3:existingobjecttag/name" not in get.context
    assert dict(get.context) == {}
    (gone,) = accesses("s3", "GetObject", Bucket="nowhere", Key="k")
    assert gone.context.get("s3:existingobjecttag/breed") is None


def test_a_deletion_can_not_ask_for_tags(accesses: Callable[..., list[Access]], bucket: str):
    (delete,) = accesses("s3", "DeleteObject", **REX)
    assert "s3:existingobjecttag/breed" not in delete.context


def test_the_policy_of_a_bucket_is_its_objects_too(local_plane: Plane, root: Context, bucket: str):
    s3 = local_plane.dispatcher.services["s3"]
    assert s3.resource_policy(KEY) == ""
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::pets/*",
            },
        }
    )
    root.call("s3", "DeletePublicAccessBlock", Bucket=bucket)
    root.call("s3", "PutBucketPolicy", Bucket=bucket, Policy=text)
    assert s3.resource_policy(KEY) == s3.resource_policy("arn:aws:s3:::pets") == text
    root.call("s3", "DeleteBucketPolicy", Bucket=bucket)
    assert s3.resource_policy(KEY) == ""


def test_a_stranger_needs_leave_for_every_key(needs: Needs, local_plane: Plane):
    stranger = local_plane.dispatcher.context(Principal.anonymous())
    objects = [{"Key": "a"}, {"Key": "b", "VersionId": "7"}]
    given: dict[str, Any] = {"Bucket": "pets", "Delete": {"Objects": objects}}
    assert needs("s3", "DeleteObjects", **given) == []
    assert needs("s3", "DeleteObjects", ctx=stranger, **given) == [
        ("s3:DeleteObject", "arn:aws:s3:::pets/a"),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::pets/b"),
    ]


def test_one_of_many_keys_is_refused_alone(
    local_plane: Plane, root: Context, monkeypatch: pytest.MonkeyPatch
):
    def authorize(
        ctx: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        if parameters.get("Key") == "kept":
            raise AccessDeniedException("no")

    root.call("s3", "CreateBucket", Bucket="many")
    for key in ("kept", "gone"):
        root.call("s3", "PutObject", Bucket="many", Key=key, Body=b"")
    monkeypatch.setattr(local_plane.dispatcher._authorizer, "authorize", authorize)
    objects: Sequence[Mapping[str, str]] = [{"Key": "kept"}, {"Key": "gone"}]
    reply = root.call("s3", "DeleteObjects", Bucket="many", Delete={"Objects": objects})
    assert [error["Key"] for error in reply["Errors"]] == ["kept"]
    assert [one["Key"] for one in reply["Deleted"]] == ["gone"]


def test_the_actions_that_a_bucket_policy_may_name_are_those_of_the_reference():
    assert all(is_action(f"s3:{name}") for name in actions_of("s3"))
    assert not any(map(is_action, ("s3:Nope", "s3:", "s3", "sqs:GetObject", "s3:Get Object")))
    assert is_action("S3:get*")
