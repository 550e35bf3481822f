"""Who the SDK finds that it is, its default bucket, and files in S3."""

import pathlib
import sys

import sagemaker
from sagemaker.s3 import S3Downloader, S3Uploader
from telling import tell

session = sagemaker.Session()
said = {
    "role": sagemaker.get_execution_role(),
    "account": session.account_id(),
    "bucket": session.default_bucket(),
    "region": session.boto_region_name,
}
prefix = f"s3://{said['bucket']}/files"
work = pathlib.Path(sys.argv[1])
(work / "up" / "deep").mkdir(parents=True)
(work / "up" / "a.txt").write_text("first")
(work / "up" / "deep" / "b.txt").write_text("second")
S3Uploader.upload(str(work / "up"), prefix)
S3Uploader.upload_string_as_file_body("third", f"{prefix}/c.txt")
S3Uploader.upload_bytes(b"fourth", f"{prefix}/d.bin")
said["uploaded"] = session.upload_data(str(work / "up" / "a.txt"), key_prefix="single")
said["listed"] = sorted(S3Downloader.list(prefix))
said["read"] = S3Downloader.read_file(f"{prefix}/c.txt")
said["read_bytes"] = S3Downloader.read_bytes(f"{prefix}/d.bin").decode()
S3Downloader.download(prefix, str(work / "down"))
said["downloaded"] = sorted(
    str(path.relative_to(work / "down")) for path in (work / "down").rglob("*") if path.is_file()
)
tell(said)
