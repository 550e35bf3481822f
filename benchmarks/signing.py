"""Signed HTTP/1.1 requests as bytes, so that a client's own cost does not hide the plane's.

What boto3 sends, without boto3: header-signed SigV4, the payload's hash signed, on S3 the checksum
that botocore adds by default. A request is signed once and may be sent as often as the signature
lasts (five minutes at least).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import zlib
from dataclasses import dataclass
from urllib.parse import quote

__all__ = ["Signer"]


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one plane with one pair of keys."""

    host: str
    region: str
    access_key_id: str
    secret_access_key: str

    def request(
        self,
        service: str,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        query: str = "",
    ) -> bytes:
        """One request. `service` is the signing name; `query` is canonical already."""
        digest = hashlib.sha256(body).hexdigest()
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        signed = {name.lower(): value for name, value in (headers or {}).items()}
        signed |= {"host": self.host, "x-amz-date": timestamp}
        if service == "s3":
            signed["x-amz-content-sha256"] = digest
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
        scope = f"{timestamp[:8]}/{self.region}/{service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n"
        text += hashlib.sha256(canonical.encode()).hexdigest()
        signature = hmac.digest(self._key(timestamp[:8], service), text.encode(), "sha256").hex()
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        if body or method in ("POST", "PUT"):
            signed["content-length"] = str(len(body))
        target = f"{path}?{query}" if query else path
        head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body

    def put(self, bucket: str, key: str, body: bytes) -> bytes:
        """PutObject with the CRC-32 that botocore sends by default."""
        checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        headers = {"x-amz-checksum-crc32": checksum, "x-amz-sdk-checksum-algorithm": "CRC32"}
        return self.request("s3", "PUT", f"/{bucket}/{quote(key)}", body, headers)

    def get(self, bucket: str, key: str) -> bytes:
        """GetObject, its checksum asked for as botocore does."""
        return self.request(
            "s3", "GET", f"/{bucket}/{quote(key)}", headers={"x-amz-checksum-mode": "ENABLED"}
        )

    def invoke_endpoint(self, endpoint: str, body: bytes, content_type: str) -> bytes:
        path = f"/endpoints/{endpoint}/invocations"
        return self.request("sagemaker", "POST", path, body, {"content-type": content_type})

    def describe_endpoint(self, endpoint: str) -> bytes:
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "SageMaker.DescribeEndpoint",
        }
        body = b'{"EndpointName": "%s"}' % endpoint.encode()
        return self.request("sagemaker", "POST", "/", body, headers)

    def get_caller_identity(self) -> bytes:
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        body = b"Action=GetCallerIdentity&Version=2011-06-15"
        return self.request("sts", "POST", "/", body, headers)

    def invoke_function(self, function: str, body: bytes) -> bytes:
        path = f"/2015-03-31/functions/{function}/invocations"
        return self.request("lambda", "POST", path, body)

    def _key(self, date: str, service: str) -> bytes:
        key = f"AWS4{self.secret_access_key}".encode()
        for text in (date, self.region, service, "aws4_request"):
            key = hmac.digest(key, text.encode(), "sha256")
        return key
