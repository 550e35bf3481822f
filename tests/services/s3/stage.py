"""S3 alone, on a real database and blob store, without the rest of a plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from kennel.clock import SimulatedClock
from kennel.errors import AwsError
from kennel.identity import Principal
from kennel.services import Access, Context, Dispatcher, Parts
from kennel.services.s3 import S3
from kennel.store import BlobStore, Database

__all__ = ["ACCOUNT", "MIB", "Stage"]

ACCOUNT = "123456789012"
MIB = 1 << 20


class _AllowAll:
    def allows(self, context: Context, access: Access) -> bool:
        return True

    def authorize(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        pass


class Stage:
    """The service on a state folder. `stage.call("PutObject", …)` as the account's root.

    Leaving the `with` stops it; another on the same folder finds what it left.
    """

    def __init__(self, folder: Path, **store_options: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.clock = SimulatedClock()
        self.database = Database(folder / "kennel.db", S3.migrations)
        self.blobs = BlobStore(folder / "blobs", self.database, **store_options)
        self.dispatcher = Dispatcher(_AllowAll(), "us-east-1", ACCOUNT)
        # What S3 does not use is None.
        parts: dict[str, Any] = dict.fromkeys(field.name for field in fields(Parts))
        parts |= {
            "database": self.database,
            "blobs": self.blobs,
            "clock": self.clock,
            "dispatcher": self.dispatcher,
            "folder": folder,
            "region": "us-east-1",
            "account_id": ACCOUNT,
        }
        self.s3 = S3(Parts(**parts))
        self.dispatcher.add(self.s3)

    def __enter__(self) -> Stage:
        self.database.start()
        self.blobs.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.database.stop()

    def call(self, operation: str, region: str = "us-east-1", **parameters: Any) -> dict[str, Any]:
        context = self.dispatcher.context(Principal.root(ACCOUNT), region=region)
        return context.call("s3", operation, **parameters)

    def error(self, operation: str, **parameters: Any) -> AwsError:
        """The error that the call must end in."""
        try:
            result = self.call(operation, **parameters)
        except AwsError as error:
            return error
        raise AssertionError(f"{operation} did not fail but returned {result}")

    def put(self, key: str, body: Any = b"body", **parameters: Any) -> dict[str, Any]:
        return self.call("PutObject", Bucket="bucket", Key=key, Body=body, **parameters)

    def read(self, key: str, **parameters: Any) -> bytes:
        body: bytes = self.call("GetObject", Bucket="bucket", Key=key, **parameters)["Body"].read()
        return body

    def keys(self, **parameters: Any) -> list[str]:
        """All keys, over all pages."""
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = self.call("ListObjectsV2", Bucket="bucket", **parameters, **token)
            found += [item["Key"] for item in page.get("Contents", ())]
            if not page["IsTruncated"]:
                return found
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def upload(self, key: str, *parts: bytes, **parameters: Any) -> dict[str, Any]:
        """A whole multipart upload."""
        upload_id = self.begin(key, **parameters)
        listed = [self.part(key, upload_id, number, body) for number, body in enumerate(parts, 1)]
        return self.complete(key, upload_id, listed)

    def begin(self, key: str, **parameters: Any) -> str:
        made = self.call("CreateMultipartUpload", Bucket="bucket", Key=key, **parameters)
        upload_id: str = made["UploadId"]
        return upload_id

    def part(
        self, key: str, upload_id: str, number: int, body: bytes, **parameters: Any
    ) -> dict[str, Any]:
        """Uploads a part; returns what completing lists of it."""
        made = self.call(
            "UploadPart",
            Bucket="bucket",
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            Body=body,
            **parameters,
        )
        return {"PartNumber": number, "ETag": made["ETag"]}

    def complete(
        self, key: str, upload_id: str, parts: list[dict[str, Any]], **parameters: Any
    ) -> dict[str, Any]:
        return self.call(
            "CompleteMultipartUpload",
            Bucket="bucket",
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": parts},
            **parameters,
        )

    def files(self) -> int:
        """How many files of blobs are on the disk."""
        return sum(1 for path in (self.folder / "blobs").rglob("*") if path.is_file())
