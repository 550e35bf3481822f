"""The AWS command line where bytes are many: everything else of it is in docs/by-hand.md."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.planes import clean_environment

SIZE = 200 << 20


@pytest.fixture
def aws(plane, tmp_path):
    """`aws("s3", "ls")` runs the command and returns what it printed."""
    connection = plane.connection
    environment = clean_environment() | {
        "AWS_ENDPOINT_URL": plane.url,
        "AWS_ACCESS_KEY_ID": connection.access_key_id,
        "AWS_SECRET_ACCESS_KEY": connection.secret_access_key,
        "AWS_DEFAULT_REGION": connection.region,
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("aws")), *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_200_mb_go_up_in_parts_and_come_down_bit_for_bit(aws, plane, tmp_path):
    bucket = f"large-{uuid.uuid4().hex[:12]}"
    here, back = tmp_path / "here.bin", tmp_path / "back.bin"
    with here.open("wb") as file:
        for _ in range(SIZE >> 20):
            file.write(os.urandom(1 << 20))
    aws("s3", "mb", f"s3://{bucket}")
    aws("s3", "cp", str(here), f"s3://{bucket}/here.bin", "--only-show-errors")
    found = plane.client("s3").head_object(Bucket=bucket, Key="here.bin")
    assert found["ContentLength"] == SIZE
    assert found["ETag"].strip('"').endswith("-25")  # 25 parts of 8 MiB, the command's own size
    aws("s3", "cp", f"s3://{bucket}/here.bin", str(back), "--only-show-errors")
    assert digest(back) == digest(here)
    aws("s3", "rb", f"s3://{bucket}", "--force")
