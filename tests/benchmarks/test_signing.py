"""Requests signed without boto3 are what the plane takes for signed."""

from __future__ import annotations

import time

from benchmarks.signing import Signer
from kennel.auth import verify
from kennel.identity import Credentials, Principal
from kennel.wire import HttpRequest

SIGNER = Signer("127.0.0.1:4566", "us-east-1", "AKIAEXAMPLE", "secret")


class Keys:
    """A directory with the signer's pair."""

    def find(self, access_key_id: str) -> Credentials | None:
        assert access_key_id == SIGNER.access_key_id
        root = Principal.root("000000000000")
        return Credentials(SIGNER.access_key_id, SIGNER.secret_access_key, "", root)


def parsed(raw: bytes) -> HttpRequest:
    head, _, body = raw.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    method, target, _ = start.split(" ")
    path, _, query = target.partition("?")
    headers = dict(line.split(": ", 1) for line in lines)
    assert int(headers.get("content-length", "0")) == len(body)
    return HttpRequest(method, path, query, headers, body)


def test_every_request_of_the_benchmarks_is_verified():
    for service, raw in (
        ("s3", SIGNER.put("bucket", "a key/with ünicode", b"body")),
        ("s3", SIGNER.get("bucket", "a key/with ünicode")),
        ("s3", SIGNER.request("s3", "GET", "/bucket", query="list-type=2&prefix=a")),
        ("sts", SIGNER.get_caller_identity()),
        ("sagemaker", SIGNER.invoke_endpoint("e", b"photo", "image/jpeg")),
        ("sagemaker", SIGNER.describe_endpoint("e")),
        ("lambda", SIGNER.invoke_function("f", b"{}")),
    ):
        verified = verify(parsed(raw), Keys(), time.time(), service=service)
        assert verified.access_key_id == SIGNER.access_key_id
