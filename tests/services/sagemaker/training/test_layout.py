from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.sagemaker.naming import S3Location
from kennel.services.sagemaker.training.errors import JobFault
from kennel.services.sagemaker.training.layout import lay_out, manifest_locations, share_of


def paths(prefix: str, *keys: str) -> list[str]:
    return ["/".join(file.parts) for file in lay_out(S3Location("b", prefix), keys)]


@pytest.mark.parametrize(
    ("prefix", "key", "path"),
    [
        ("", "train/a.jpg", "train/a.jpg"),
        ("train", "train/a.jpg", "a.jpg"),
        ("train/", "train/a.jpg", "a.jpg"),
        ("data/tr", "data/train/a.jpg", "train/a.jpg"),
        ("data/train", "data/train.csv", "train.csv"),
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("data", "data//a.jpg", "a.jpg"),
        ("data/", "data/c/d//e.jpg", "c/d/e.jpg"),
        ("", "ünï/c ode/狗.jpg", "ünï/c ode/狗.jpg"),
    ],
)
def test_a_file_is_named_by_what_follows_the_prefix(prefix, key, path):
    assert paths(prefix, key) == [path]


def test_the_folder_marks_of_consoles_are_no_files():
    assert paths("train/", "train/", "train/cats/", "train/cats/a.jpg") == ["cats/a.jpg"]


@pytest.mark.parametrize("key", ["../x", "a/../../x", "a/./b", "a/..", f"{'x' * 256}/a", "a\0b"])
def test_a_key_that_is_no_path_inside_the_folder_is_refused(key):
    with pytest.raises(JobFault, match="Rename the object"):
        paths("", key)


@pytest.mark.parametrize("keys", [("a", "a/b"), ("a/b/c", "a"), ("a//b", "a/b")])
def test_an_object_that_is_file_and_folder_fails_as_on_aws(keys):
    with pytest.raises(JobFault, match="a previously downloaded file/folder clashes with it"):
        paths("", *keys)


@given(st.text("a./", max_size=8), st.lists(st.text("ab./\0", max_size=12)))
def test_no_key_leaves_the_folder_or_lands_on_another(prefix, ends):
    keys = [prefix + end for end in ends if prefix + end]
    try:
        found = paths(prefix, *dict.fromkeys(keys))
    except JobFault:
        return
    assert len(set(found)) == len(found)
    for path in found:
        assert PurePosixPath(path).parts
        assert ".." not in PurePosixPath(path).parts
        assert not path.startswith("/")


@given(st.lists(st.text(), unique=True), st.integers(1, 5))
def test_the_hosts_shares_are_the_whole_and_do_not_overlap(keys, hosts):
    shares = [share_of(keys, host, hosts) for host in range(hosts)]
    assert sorted(key for share in shares for key in share) == sorted(keys)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


MANIFEST = S3Location("b", "m.json")


def test_a_manifest_is_a_prefix_and_suffixes():
    text = json.dumps([{"prefix": "s3://photos/some/pre"}, "fix/a.jpg", "fix/b.jpg"]).encode()
    prefix, keys = manifest_locations(MANIFEST, text)
    assert (str(prefix), keys) == ("s3://photos/some/", ["some/prefix/a.jpg", "some/prefix/b.jpg"])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"{}",
        b"[]",
        b'[{"prefix": "s3://b/"}]',
        b'[{"prefix": 3}, "a"]',
        b'[{"prefix": "s3://b/"}, 3]',
        b'[{"prefix": "/etc/"}, "passwd"]',
    ],
)
def test_a_broken_manifest_is_the_reason_of_the_failure(text):
    with pytest.raises(JobFault, match=r"The manifest s3://b/m\.json is wrong"):
        manifest_locations(MANIFEST, text)
