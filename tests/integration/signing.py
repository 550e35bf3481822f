"""Requests signed by hand: at another time, or changed afterwards."""

from __future__ import annotations

import time
from typing import Any
from xml.etree import ElementTree

import urllib3
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

__all__ = ["At", "Reply", "S3At", "S3QueryAt", "keys_of", "send", "sign"]


class _AtATime:
    """A signer whose clock is wrong by `late` seconds."""

    late = 0.0

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = time.strftime(
            "%Y%m%dT%H%M%SZ", time.gmtime(time.time() + self.late)
        )
        signer: Any = self
        signer._modify_request_before_signing(request)
        to_sign = signer.string_to_sign(request, signer.canonical_request(request))
        signer._inject_signature_to_request(request, signer.signature(to_sign, request))


class At(_AtATime, SigV4Auth):
    """For services other than S3."""


class S3At(_AtATime, S3SigV4Auth):
    """For S3."""


class S3QueryAt(_AtATime, S3SigV4QueryAuth):
    """For S3's presigned URLs."""


class Reply:
    """Status and body of an answer, and the error in it."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body

    @property
    def error(self) -> tuple[str, str]:
        """The code and message of an XML error."""
        document = ElementTree.fromstring(self.body)
        found = {element.tag.rpartition("}")[2]: element.text or "" for element in document.iter()}
        return found["Code"], found["Message"]


def keys_of(client: Any) -> Credentials:
    """The keys that a boto3 client signs with."""
    credentials: Credentials = client._request_signer._credentials
    return credentials


def sign(signer: Any, method: str, url: str, body: bytes = b"", **headers: str) -> AWSRequest:
    """A signed request. Header names have underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, url, headers=named, data=body)
    signer.add_auth(request)
    return request


def send(request: AWSRequest, body: bytes = b"") -> Reply:
    """Sends it as it is, with `body` and no header of the HTTP client's own."""
    headers = {str(name): str(value) for name, value in request.headers.items()}
    with urllib3.PoolManager() as pool:
        reply = pool.request(
            str(request.method), str(request.url), body=body or None, headers=headers, timeout=30.0
        )
        return Reply(reply.status, reply.data)
