from __future__ import annotations

from kennel.services.s3.errors import (
    MalformedXML,
    MethodNotAllowed,
    NoSuchKey,
    NoSuchVersion,
    NotImplementedByS3,
    PreconditionFailed,
)
from tests.services.s3.stage import Stage


def suspend(stage: Stage) -> None:
    stage.call(
        "PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": "Suspended"}
    )


def history(stage: Stage, **parameters):
    """Every entry over all pages, newest first a key: (key, version id, "marker" or "version")."""
    found: list[tuple[str, str, str]] = []
    markers: dict[str, str] = {}
    while True:
        page = stage.call("ListObjectVersions", Bucket="bucket", **parameters, **markers)
        entries = [(item, "version") for item in page.get("Versions", ())]
        entries += [(item, "marker") for item in page.get("DeleteMarkers", ())]
        found += [(item["Key"], item["VersionId"], kind) for item, kind in entries]
        if not page["IsTruncated"]:
            return found
        markers = {
            "KeyMarker": page["NextKeyMarker"],
            "VersionIdMarker": page.get("NextVersionIdMarker", ""),
        }


def test_versioning_is_off_until_it_is_enabled_and_then_never_off_again(stage: Stage):
    assert stage.call("GetBucketVersioning", Bucket="bucket") == {}
    for status in ("Enabled", "Suspended", "Enabled"):
        configuration = {"Status": status}
        stage.call("PutBucketVersioning", Bucket="bucket", VersioningConfiguration=configuration)
        assert stage.call("GetBucketVersioning", Bucket="bucket") == configuration
    put = {"Bucket": "bucket"}
    error = stage.error("PutBucketVersioning", **put, VersioningConfiguration={"Status": "Off"})
    assert isinstance(error, MalformedXML)
    configuration = {"Status": "Enabled", "MFADelete": "Enabled"}
    error = stage.error("PutBucketVersioning", **put, VersioningConfiguration=configuration)
    assert isinstance(error, NotImplementedByS3)


def test_every_put_is_kept(versioned: Stage):
    ids = [versioned.put("k", body)["VersionId"] for body in (b"1", b"2", b"3")]
    assert versioned.read("k") == b"3"
    assert [versioned.read("k", VersionId=version) for version in ids] == [b"1", b"2", b"3"]
    assert [entry[1] for entry in history(versioned)] == ids[::-1]
    page = versioned.call("ListObjectVersions", Bucket="bucket")
    assert [version["IsLatest"] for version in page["Versions"]] == [True, False, False]


def test_a_delete_hides_an_object_and_its_markers_delete_shows_it_again(versioned: Stage):
    version = versioned.put("k", b"1")["VersionId"]
    marker = versioned.call("DeleteObject", Bucket="bucket", Key="k")
    assert marker["DeleteMarker"]
    error = versioned.error("GetObject", Bucket="bucket", Key="k")
    assert isinstance(error, NoSuchKey)
    assert error.headers["x-amz-delete-marker"] == "true"
    assert versioned.read("k", VersionId=version) == b"1"
    error = versioned.error("GetObject", Bucket="bucket", Key="k", VersionId=marker["VersionId"])
    assert isinstance(error, MethodNotAllowed)
    gone = versioned.call("DeleteObject", Bucket="bucket", Key="k", VersionId=marker["VersionId"])
    assert gone == {"DeleteMarker": True, "VersionId": marker["VersionId"]}
    assert versioned.read("k") == b"1"


def test_a_deleted_version_is_gone_and_the_one_before_is_the_latest(versioned: Stage):
    ids = [versioned.put("k", body)["VersionId"] for body in (b"1", b"2")]
    versioned.call("DeleteObject", Bucket="bucket", Key="k", VersionId=ids[1])
    assert versioned.read("k") == b"1"
    error = versioned.error("GetObject", Bucket="bucket", Key="k", VersionId=ids[1])
    assert isinstance(error, NoSuchVersion)
    assert versioned.files() == 1
    versioned.call("DeleteObject", Bucket="bucket", Key="k", VersionId=ids[0])
    assert history(versioned) == []
    assert versioned.files() == 0


def test_what_was_put_before_is_the_null_version(stage: Stage):
    stage.put("k", b"before")
    stage.call("PutBucketVersioning", Bucket="bucket",
               VersioningConfiguration={"Status": "Enabled"})  # fmt: skip
    stage.put("k", b"after")
    assert stage.read("k", VersionId="null") == b"before"
    assert stage.call("HeadObject", Bucket="bucket", Key="k", VersionId="null")["VersionId"] == (
        "null"
    )


def test_while_suspended_a_put_replaces_the_null_version_alone(versioned: Stage):
    kept = versioned.put("k", b"kept")["VersionId"]
    suspend(versioned)
    assert "VersionId" not in versioned.put("k", b"one")
    versioned.put("k", b"two")
    assert versioned.read("k") == b"two"
    assert history(versioned) == [("k", "null", "version"), ("k", kept, "version")]
    assert versioned.files() == 2


def test_while_suspended_a_delete_leaves_a_null_marker(versioned: Stage):
    kept = versioned.put("k", b"kept")["VersionId"]
    suspend(versioned)
    versioned.put("k", b"null")
    marker = versioned.call("DeleteObject", Bucket="bucket", Key="k")
    assert marker == {"DeleteMarker": True, "VersionId": "null"}
    assert sorted(history(versioned)) == sorted([("k", "null", "marker"), ("k", kept, "version")])
    versioned.put("k", b"again")
    assert history(versioned) == [("k", "null", "version"), ("k", kept, "version")]


def test_pages_of_versions_go_on_in_the_middle_of_a_key(versioned: Stage):
    ids = {}
    for key in ("a", "b", "c"):
        ids[key] = [versioned.put(key, b"x")["VersionId"] for _ in range(3)][::-1]
    wanted = [(key, version, "version") for key in "abc" for version in ids[key]]
    for limit in (1, 2, 4, 100):
        assert history(versioned, MaxKeys=limit) == wanted
    assert history(versioned, Prefix="b", MaxKeys=2) == wanted[3:6]


def test_versions_are_rolled_up_too(versioned: Stage):
    for key in ("a", "b/1", "b/1", "b/2", "c"):
        versioned.put(key, b"x")
    page = versioned.call("ListObjectVersions", Bucket="bucket", Delimiter="/", MaxKeys=2)
    assert [item["Key"] for item in page["Versions"]] == ["a"]
    assert page["CommonPrefixes"] == [{"Prefix": "b/"}]
    assert page["NextKeyMarker"] == "b/"
    page = versioned.call("ListObjectVersions", Bucket="bucket", Delimiter="/", KeyMarker="b/")
    assert [item["Key"] for item in page["Versions"]] == ["c"]
    assert "CommonPrefixes" not in page


def test_a_version_marker_needs_its_key(versioned: Stage):
    error = versioned.error("ListObjectVersions", Bucket="bucket", VersionIdMarker="x")
    assert error.code == "InvalidArgument"


def test_a_batch_delete_says_of_each_what_became_of_it(versioned: Stage):
    version = versioned.put("a", b"1")["VersionId"]
    versioned.put("b", b"1")
    objects = [
        {"Key": "a", "VersionId": version},
        {"Key": "b"},
        {"Key": "missing", "VersionId": "nobody"},
        {"Key": "b", "ETag": '"x"'},
    ]
    answer = versioned.call("DeleteObjects", Bucket="bucket", Delete={"Objects": objects})
    assert answer["Deleted"][0] == {"Key": "a", "VersionId": version}
    assert answer["Deleted"][1]["DeleteMarker"] is True
    assert answer["Deleted"][2] == {"Key": "missing", "VersionId": "nobody"}
    assert [error["Code"] for error in answer["Errors"]] == ["NoSuchKey"]
    quiet = {"Objects": [{"Key": "x"}], "Quiet": True}
    assert versioned.call("DeleteObjects", Bucket="bucket", Delete=quiet) == {}
    for objects in ([], [{"Key": "k"}] * 1001):
        error = versioned.error("DeleteObjects", Bucket="bucket", Delete={"Objects": objects})
        assert isinstance(error, MalformedXML)


def test_a_conditional_delete_holds_against_the_current_version(stage: Stage):
    etag = stage.put("k")["ETag"]
    error = stage.error("DeleteObject", Bucket="bucket", Key="k", IfMatch='"x"')
    assert isinstance(error, PreconditionFailed)
    stage.call("DeleteObject", Bucket="bucket", Key="k", IfMatch=etag)
    assert isinstance(stage.error("DeleteObject", Bucket="bucket", Key="k", IfMatch="*"), NoSuchKey)
