"""A full disk is an error that says so, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import PlaneFactory

MIB = 1 << 20


def test_a_full_disk_refuses_uploads_and_keeps_what_is_there(
    plane_factory: PlaneFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = tmp_path / "the-disk-is-full"
    monkeypatch.setenv("FULL_DISK_FLAG", str(flag))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "full_disk"))
    plane = plane_factory()
    s3 = plane.client("s3", Config(retries={"total_max_attempts": 1}))
    blobs = plane.state / "blobs"

    def files() -> list[Path]:
        return [path for path in blobs.rglob("*") if path.is_file()]

    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b"there")
    upload = s3.create_multipart_upload(Bucket="bucket", Key="m")["UploadId"]
    part = {"Bucket": "bucket", "Key": "m", "UploadId": upload, "PartNumber": 1}
    before = files()
    flag.touch()
    for put in (
        lambda: s3.put_object(Bucket="bucket", Key="k", Body=b"new"),
        lambda: s3.put_object(Bucket="bucket", Key="large", Body=bytes(3 * MIB)),
        lambda: s3.upload_part(**part, Body=b"part"),
    ):
        with pytest.raises(ClientError) as caught:
            put()
        assert caught.value.response["Error"]["Code"] == "InternalError"
        assert "full" in caught.value.response["Error"]["Message"]
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert files() == before
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"there"
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 1
    flag.unlink()
    s3.put_object(Bucket="bucket", Key="k", Body=b"new")
    s3.upload_part(**part, Body=b"part")
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"new"
