"""HTTP requests as text that can be mutated, and signed afterwards.

    METHOD TARGET
    name: value

    body

The Authorization header of a text says with its credential scope for which service the request is
to be signed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace

from kennel.auth.canonical import canonical_headers, canonical_path, canonical_query, wire_bytes
from kennel.auth.signing import signing_key
from kennel.auth.timestamps import basic_format
from kennel.wire import HttpRequest

__all__ = ["read_text", "scope_of", "signed", "text_of"]

_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NOT_IN_VALUES = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_IN_TARGETS = re.compile(rb"[^\x21-\x22\x24-\x7e]")
_METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"})
_SCOPE = re.compile(r"Credential=[^/,]+/\d+/[^/,]*/([a-z0-9-]+)/aws4_request")


def text_of(request: HttpRequest) -> bytes:
    """The request as text."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    lines = [f"{request.method} {target}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\n".join(lines).encode("latin-1", "replace") + b"\n\n" + request.body


def read_text(data: bytes) -> HttpRequest:
    """What the web server would make of it: what cannot come through its parser is left out."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, target = first.partition(b" ")
    name = method.decode("latin-1")
    path, _, query = _NOT_IN_TARGETS.sub(b"", target).decode("latin-1").partition("?")
    headers: dict[str, str] = {}
    for line in lines:
        raw_name, _, raw_value = line.partition(b":")
        if _NAME.fullmatch(raw_name):
            header = raw_name.decode("latin-1").lower()
            value = _NOT_IN_VALUES.sub(b"", raw_value).strip(b" \t").decode("latin-1")
            headers[header] = f"{headers[header]},{value}" if header in headers else value
    if not path.startswith("/"):
        path = f"/{path}"
    headers.setdefault("host", "localhost")
    return HttpRequest(name if name in _METHODS else "POST", path, query, headers, body)


def scope_of(request: HttpRequest) -> str:
    """The service that the request is to be signed for."""
    match = _SCOPE.search(request.headers.get("authorization", ""))
    return match[1] if match else "s3"


def signed(
    request: HttpRequest, access_key_id: str, secret: str, now: float, token: str = ""
) -> HttpRequest:
    """The request with a good signature of these keys in its headers."""
    service = scope_of(request)
    timestamp = basic_format(now)
    payload = hashlib.sha256(request.body).hexdigest()
    headers = {**request.headers, "x-amz-date": timestamp}
    headers.pop("authorization", None)
    if service == "s3":
        headers["x-amz-content-sha256"] = payload
    if token:
        headers["x-amz-security-token"] = token
    names = sorted(name for name in headers if name == "host" or name.startswith("x-amz-"))
    canonical = (
        f"{request.method}\n{canonical_path(request.path, s3=service == 's3')}\n"
        f"{canonical_query(request.query)}\n{canonical_headers(headers, names)}\n"
        f"{';'.join(names)}\n{payload}"
    )
    scope = f"{timestamp[:8]}/us-east-1/{service}/aws4_request"
    hashed = hashlib.sha256(wire_bytes(canonical)).hexdigest()
    key = signing_key(secret, timestamp[:8], "us-east-1", service)
    text = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{hashed}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return replace(request, headers=headers)
