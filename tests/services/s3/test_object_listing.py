from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from kennel.services.s3.errors import InvalidArgument
from tests.services.s3.stage import Stage

TREE = ["asdf", "boo/bar", "boo/baz/xyzzy", "cquux/thud", "cquux/bla"]


def entries(page):
    keys = [item["Key"] for item in page.get("Contents", ())]
    return keys, [item["Prefix"] for item in page.get("CommonPrefixes", ())]


def test_keys_are_in_the_order_of_their_bytes(stage: Stage):
    keys = ["a", "B", "b", "é", "z", "\uffff", "\U00010000"]
    for key in reversed(keys):
        stage.put(key)
    assert stage.keys() == ["B", "a", "b", "z", "é", "\uffff", "\U00010000"]


def test_a_delimiter_rolls_keys_up(stage: Stage):
    for key in TREE:
        stage.put(key)
    page = stage.call("ListObjectsV2", Bucket="bucket", Delimiter="/")
    assert entries(page) == (["asdf"], ["boo/", "cquux/"])
    assert page["KeyCount"] == 3
    page = stage.call("ListObjectsV2", Bucket="bucket", Delimiter="/", Prefix="boo/")
    assert entries(page) == (["boo/bar"], ["boo/baz/"])


def test_version_1_goes_on_from_its_marker(stage: Stage):
    for key in TREE:
        stage.put(key)
    seen, marker = [], ""
    while True:
        page = stage.call("ListObjects", Bucket="bucket", Delimiter="/", MaxKeys=1, Marker=marker)
        keys, prefixes = entries(page)
        seen += keys + prefixes
        if not page["IsTruncated"]:
            break
        marker = page["NextMarker"]
        assert marker == seen[-1]
    assert seen == ["asdf", "boo/", "cquux/"]
    assert page["Contents" if keys else "CommonPrefixes"]


def test_version_1_names_no_next_marker_without_a_delimiter(stage: Stage):
    for key in TREE:
        stage.put(key)
    page = stage.call("ListObjects", Bucket="bucket", MaxKeys=2)
    assert page["IsTruncated"]
    assert "NextMarker" not in page
    assert "Owner" in page["Contents"][0]


def test_version_2_starts_after_a_key_even_inside_a_common_prefix(stage: Stage):
    for key in TREE:
        stage.put(key)
    page = stage.call("ListObjectsV2", Bucket="bucket", Delimiter="/", StartAfter="boo/bar")
    assert entries(page) == ([], ["boo/", "cquux/"])
    page = stage.call("ListObjectsV2", Bucket="bucket", StartAfter="boo/bar", FetchOwner=True)
    assert entries(page)[0] == ["boo/baz/xyzzy", "cquux/bla", "cquux/thud"]
    assert "Owner" in page["Contents"][0]


def test_a_page_of_none_is_whole(stage: Stage):
    stage.put("k")
    page = stage.call("ListObjectsV2", Bucket="bucket", MaxKeys=0)
    assert entries(page) == ([], [])
    assert not page["IsTruncated"]


def test_a_listing_may_be_percent_encoded(stage: Stage):
    stage.put("a b/c d")
    page = stage.call(
        "ListObjectsV2", Bucket="bucket", Prefix="a b/", StartAfter="a b/+", EncodingType="url"
    )
    assert page["Prefix"] == "a%20b/"
    assert page["StartAfter"] == "a%20b/%2B"
    assert page["EncodingType"] == "url"
    assert entries(page)[0] == ["a%20b/c%20d"]


def test_a_listing_tells_what_each_object_is(stage: Stage):
    answer = stage.put("k", b"four", StorageClass="STANDARD_IA")
    page = stage.call("ListObjectsV2", Bucket="bucket")
    assert page["Contents"] == [
        {
            "Key": "k",
            "LastModified": stage.clock.wall(),
            "ETag": answer["ETag"],
            "ChecksumAlgorithm": ["CRC64NVME"],
            "ChecksumType": "FULL_OBJECT",
            "Size": 4,
            "StorageClass": "STANDARD_IA",
        }
    ]


def test_a_token_must_be_the_planes_own(stage: Stage):
    error = stage.error("ListObjectsV2", Bucket="bucket", ContinuationToken="x")
    assert isinstance(error, InvalidArgument)


def test_what_was_deleted_is_not_listed(versioned: Stage):
    versioned.put("a")
    versioned.put("b")
    versioned.call("DeleteObject", Bucket="bucket", Key="a")
    assert versioned.keys() == ["b"]


class ABucketIsADictionary(RuleBasedStateMachine):
    """Puts, copies, deletes and listings in any order, beside a plain dict."""

    keys = st.text(alphabet="ab/é ", min_size=1, max_size=5)

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.stage = Stage(Path(self.folder.name) / "state")
        self.stage.__enter__()
        self.stage.call("CreateBucket", Bucket="bucket")
        self.model: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.stage.__exit__()
        self.folder.cleanup()

    @rule(key=keys, body=st.binary(max_size=20))
    def put(self, key: str, body: bytes) -> None:
        self.stage.put(key, body)
        self.model[key] = body

    @rule(key=keys)
    def delete(self, key: str) -> None:
        self.stage.call("DeleteObject", Bucket="bucket", Key=key)
        self.model.pop(key, None)

    @rule(chosen=st.lists(keys, min_size=1, max_size=4))
    def delete_several(self, chosen: list[str]) -> None:
        objects = [{"Key": key} for key in chosen]
        self.stage.call("DeleteObjects", Bucket="bucket", Delete={"Objects": objects})
        for key in chosen:
            self.model.pop(key, None)

    @rule(source=keys, copied=keys)
    def copy(self, source: str, copied: str) -> None:
        if source in self.model and source != copied:
            self.stage.call(
                "CopyObject",
                Bucket="bucket",
                Key=copied,
                CopySource={"Bucket": "bucket", "Key": source},
            )
            self.model[copied] = self.model[source]

    @rule(key=keys)
    def get(self, key: str) -> None:
        if key in self.model:
            assert self.stage.read(key) == self.model[key]
        else:
            assert self.stage.error("GetObject", Bucket="bucket", Key=key).code == "NoSuchKey"

    @rule(prefix=st.text(alphabet="ab/é ", max_size=2), limit=st.integers(1, 3))
    def list(self, prefix: str, limit: int) -> None:
        wanted = sorted((k for k in self.model if k.startswith(prefix)), key=str.encode)
        assert self.stage.keys(Prefix=prefix, MaxKeys=limit) == wanted

    @rule(prefix=st.text(alphabet="ab/é ", max_size=2), limit=st.integers(1, 3))
    def list_folders(self, prefix: str, limit: int) -> None:
        wanted = set()
        for key in self.model:
            if key.startswith(prefix):
                head, slash, _ = key[len(prefix) :].partition("/")
                wanted.add(prefix + head + slash)
        found, marker = [], ""
        while True:
            page = self.stage.call("ListObjects", Bucket="bucket", Prefix=prefix, Delimiter="/",
                                   MaxKeys=limit, Marker=marker)  # fmt: skip
            keys, prefixes = entries(page)
            found += sorted(keys + prefixes, key=str.encode)
            if not page["IsTruncated"]:
                break
            marker = page["NextMarker"]
        assert found == sorted(wanted, key=str.encode)

    @invariant()
    def no_file_is_left_over(self) -> None:
        assert self.stage.files() <= len([body for body in self.model.values() if body])


ABucketIsADictionary.TestCase.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None
)
TestABucketIsADictionary = ABucketIsADictionary.TestCase
