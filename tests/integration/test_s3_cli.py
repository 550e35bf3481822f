"""S3 by the AWS command line."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import pytest

from tests.aws_command import AwsCommand
from tests.planes import Plane


@pytest.fixture
def aws(plane: Plane, tmp_path: Path) -> AwsCommand:
    return AwsCommand(plane, tmp_path)


def test_a_tree_of_files_goes_up_is_synced_and_comes_down(aws: AwsCommand, tmp_path: Path) -> None:
    bucket = f"cli-{uuid.uuid4().hex[:12]}"
    photos = tmp_path / "dogImages"
    for name in ("train/001.Affenpinscher/a b.jpg", "train/002.Akita/ü.jpg", "test/x+y.jpg"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        (photos / name).write_bytes(name.encode() * 50)
        os.utime(photos / name, (time.time() - 5,) * 2)  # a sync goes by whole seconds
    aws("s3", "mb", f"s3://{bucket}")
    aws("s3", "cp", str(photos), f"s3://{bucket}/data", "--recursive")
    assert "PRE data/" in aws("s3", "ls", f"s3://{bucket}")
    assert "ü.jpg" in aws("s3", "ls", f"s3://{bucket}/data/", "--recursive")
    aws("s3", "sync", f"s3://{bucket}/data", str(tmp_path / "back"))
    for path in photos.rglob("*.jpg"):
        assert (tmp_path / "back" / path.relative_to(photos)).read_bytes() == path.read_bytes()
    assert aws("s3", "sync", str(photos), f"s3://{bucket}/data") == ""  # nothing is new
    aws("s3", "mv", f"s3://{bucket}/data/test/x+y.jpg", f"s3://{bucket}/moved.jpg")
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(256)) * 80_000)
    aws("s3", "cp", str(large), f"s3://{bucket}/large.bin")
    aws("s3", "cp", f"s3://{bucket}/large.bin", str(tmp_path / "large.back"))
    assert (tmp_path / "large.back").read_bytes() == large.read_bytes()
    assert "moved.jpg" in aws("s3api", "list-objects-v2", "--bucket", bucket)
    aws("s3", "rb", f"s3://{bucket}", "--force")
    assert bucket not in aws("s3", "ls")
