"""Stages that tests put S3 on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.s3.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """S3 with a bucket called "bucket"."""
    with Stage(tmp_path / "state") as stage:
        stage.call("CreateBucket", Bucket="bucket")
        yield stage


@pytest.fixture
def versioned(stage: Stage) -> Stage:
    """The same with versioning enabled."""
    stage.call(
        "PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"}
    )
    return stage
