"""Requests signed by botocore, as they arrive here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import BaseSigner
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from kennel.identity import Credentials, Principal
from kennel.wire import HttpRequest

__all__ = ["ACCOUNT", "KEY", "Keys", "boto_keys", "received", "signed"]

ACCOUNT = "000011112222"
KEY = Credentials("AKIAEXAMPLE", "a/secret+key", "", Principal.root(ACCOUNT))


class Keys:
    """A directory of the given keys."""

    def __init__(self, *keys: Credentials) -> None:
        self._keys = {key.access_key_id: key for key in keys}

    def find(self, access_key_id: str) -> Credentials | None:
        return self._keys.get(access_key_id)


def boto_keys(key: Credentials = KEY) -> BotoCredentials:
    """The same keys, in botocore's hands."""
    return BotoCredentials(key.access_key_id, key.secret_access_key, key.session_token or None)


def signed(
    signer: BaseSigner,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    context: dict[str, Any] | None = None,
) -> HttpRequest:
    """A request that `signer` has signed."""
    request = AWSRequest(method, url, headers=dict(headers or {}), data=body)
    request.context.update(context or {})
    signer.add_auth(request)
    return received(request, body)


def received(request: AWSRequest, body: bytes = b"") -> HttpRequest:
    """What arrives when botocore sends the request."""
    parts = urlsplit(str(request.url))
    headers = {"host": str(parts.netloc)}
    headers |= {name.lower(): str(value) for name, value in request.headers.items()}
    return HttpRequest(str(request.method), parts.path or "/", parts.query, headers, body)
