"""S3's lists."""

from __future__ import annotations

from typing import Any

from tests.integration.listings.registry import FIVE, Listing, listing
from tests.integration.stage import Stage

__all__: list[str] = []


def _bucket(stage: Stage, name: str) -> str:
    stage.client("s3").create_bucket(Bucket=name)
    return name


_KEYS = ["a b", "a/1", "a/2", "b+c", "ü"]


def _objects(stage: Stage, bucket: str) -> dict[str, Any]:
    for key in reversed(_KEYS):
        stage.client("s3").put_object(Bucket=_bucket(stage, bucket), Key=key, Body=b"x")
    return {"Bucket": bucket}


@listing("s3", "ListBuckets")
def buckets(stage: Stage) -> Listing:
    names = [f"listed-{number}" for number in FIVE]
    for name in reversed(names):
        _bucket(stage, name)
    return Listing({"Buckets[].Name": names}, {"Prefix": "listed-"})


@listing("s3", "ListObjects")
def objects(stage: Stage) -> Listing:
    return Listing({"Contents[].Key": _KEYS}, _objects(stage, "objects"), bad_token=None)


@listing("s3", "ListObjectsV2")
def objects_v2(stage: Stage) -> Listing:
    return Listing({"Contents[].Key": _KEYS}, _objects(stage, "objects-v2"))


@listing("s3", "ListObjectVersions")
def object_versions(stage: Stage) -> Listing:
    s3 = stage.client("s3")
    bucket = _bucket(stage, "versions")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ids: list[str] = []
    for key in ("a", "b"):
        made = [s3.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"] for _ in range(3)]
        ids += reversed(made)
    marker = s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    return Listing(
        {"Versions[].VersionId": ids, "DeleteMarkers[].VersionId": [marker]},
        {"Bucket": bucket},
        bad_token={"KeyMarker": "a", "VersionIdMarker": "no version of ours"},
    )


@listing("s3", "ListMultipartUploads")
def uploads(stage: Stage) -> Listing:
    s3 = stage.client("s3")
    bucket = _bucket(stage, "uploads")
    for key in ("b", "a"):
        for _ in range(3):
            s3.create_multipart_upload(Bucket=bucket, Key=key)
    every = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert len(every) == 6
    found = sorted([upload["Key"], upload["UploadId"]] for upload in every)
    return Listing({"Uploads[].[Key, UploadId]": found}, {"Bucket": bucket}, bad_token=None)


@listing("s3", "ListParts")
def parts(stage: Stage) -> Listing:
    s3 = stage.client("s3")
    where = {"Bucket": _bucket(stage, "parts"), "Key": "large"}
    where["UploadId"] = s3.create_multipart_upload(**where)["UploadId"]
    for number in reversed(FIVE):
        s3.upload_part(**where, PartNumber=number + 1, Body=b"x")
    return Listing({"Parts[].PartNumber": [1, 2, 3, 4, 5]}, where, bad_token=None)
