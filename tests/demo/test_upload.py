from __future__ import annotations

import uuid

import pytest

from kennel.demo.dataset import read
from kennel.demo.upload import Upload, make_bucket, upload
from tests.demo.photos import make_photos


@pytest.fixture
def s3(plane):
    return plane.connection.client("s3", max_pool_connections=16)


@pytest.fixture
def bucket(s3):
    name = f"upload-{uuid.uuid4().hex[:12]}"
    make_bucket(s3, name, "us-east-1")
    make_bucket(s3, name, "us-east-1")  # a second run finds it there
    return name


def test_the_prefix_holds_exactly_the_folder_and_nothing_is_sent_twice(tmp_path, s3, bucket):
    root = make_photos(tmp_path / "dogs")
    data = read(root)
    size = sum(picture.size for picture in data.pictures)
    counts: list[int] = []
    assert upload(s3, bucket, "data/", data.pictures, counts.append) == Upload(18, 0, 0, size)
    assert counts == list(range(1, 19))
    for picture in data.pictures:
        found = s3.get_object(Bucket=bucket, Key=f"data/{picture.key}")
        assert found["Body"].read() == picture.path.read_bytes()
        assert found["ContentType"] == "image/jpeg"

    changed = root / "train" / "001.Breed_1" / "0.jpg"
    changed.write_bytes(changed.read_bytes() + b"\0")
    (root / "train" / "001.Breed_1" / "1.jpg").unlink()
    s3.put_object(Bucket=bucket, Key="other/0.jpg", Body=b"not ours")
    again = upload(s3, bucket, "data/", read(root).pictures, counts.append)
    assert (again.sent, again.kept, again.removed) == (1, 16, 1)
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert keys == {f"data/{picture.key}" for picture in read(root).pictures} | {"other/0.jpg"}


def test_a_photo_that_can_not_be_read_ends_the_upload(tmp_path, s3, bucket):
    data = read(make_photos(tmp_path / "dogs"))
    data.pictures[5].path.unlink()
    with pytest.raises(FileNotFoundError):
        upload(s3, bucket, "data/", data.pictures, lambda count: None)
