"""S3's old presigned URLs: Signature Version 2 in the query.

botocore still makes them by default in the regions where S3 took them (us-east-1 among them), so
`generate_presigned_url` with default settings needs this. The header form is not accepted.
Source: "Signing and authenticating REST requests" in the S3 developer guide.
"""

from __future__ import annotations

import base64
import hmac
import re
from urllib.parse import unquote

from kennel.auth.canonical import wire_bytes
from kennel.auth.failures import AuthenticationError, Failure
from kennel.auth.keys import KeyFinder
from kennel.auth.timestamps import extended_format
from kennel.auth.token import check_token
from kennel.identity import Principal
from kennel.wire import HttpRequest

__all__ = ["is_presigned_v2", "verify_presigned_v2"]

# The query's names that choose what is done, and so are signed.
_SUBRESOURCES = re.compile(
    "accelerate|acl|analytics|cors|defaultObjectAcl|delete|inventory|lifecycle|location|logging|"
    "metrics|notification|object-lock|partNumber|policy|replication|requestPayment|"
    "response-(cache-control|content-(disposition|encoding|language|type)|expires)|restore|"
    "select|select-type|storageClass|tagging|torrent|uploadId|uploads|versionId|versioning|"
    "versions|website"
)


def is_presigned_v2(request: HttpRequest) -> bool:
    """Whether the query carries such a signature."""
    return "AWSAccessKeyId=" in request.query and "Signature=" in request.query


def verify_presigned_v2(
    request: HttpRequest, directory: KeyFinder, now: float, bucket: str
) -> tuple[Principal, str]:
    """The principal and the access key id. `bucket` is the bucket that the Host names, if it
    names one. Raises AuthenticationError."""
    query = request.query_values
    expires = query.get("Expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
        raise AuthenticationError(
            Failure.UNSIGNED, f"Invalid date (should be seconds since epoch): {expires}"
        )
    access_key_id = query.get("AWSAccessKeyId", "")
    credentials = directory.find(access_key_id)
    if credentials is None:
        raise AuthenticationError(Failure.UNKNOWN_KEY, AWSAccessKeyId=access_key_id)
    token = query.get("x-amz-security-token", request.headers.get("x-amz-security-token", ""))
    check_token(credentials, token, now)
    if now > int(expires):
        raise AuthenticationError(
            Failure.EXPIRED,
            Expires=extended_format(int(expires)),
            ServerTime=extended_format(now),
        )
    to_sign = _string_to_sign(request, query, bucket)
    digest = hmac.digest(credentials.secret_access_key.encode(), wire_bytes(to_sign), "sha1")
    provided = query.get("Signature", "")
    if not hmac.compare_digest(base64.b64encode(digest), wire_bytes(provided)):
        raise AuthenticationError(
            Failure.MISMATCH,
            AWSAccessKeyId=access_key_id,
            StringToSign=to_sign,
            SignatureProvided=provided,
        )
    return credentials.principal, access_key_id


def _string_to_sign(request: HttpRequest, query: dict[str, str], bucket: str) -> str:
    # A signed header may travel in the query instead, which is where botocore puts it.
    amz = {n.lower(): v for n, v in query.items() if n.lower().startswith("x-amz-")}
    amz |= {n: v for n, v in request.headers.items() if n.startswith("x-amz-")}
    headers = "".join(f"{name}:{amz[name].strip()}\n" for name in sorted(amz))
    md5 = request.headers.get("content-md5", query.get("content-md5", ""))
    kind = request.headers.get("content-type", query.get("content-type", ""))
    return (
        f"{request.method}\n{md5}\n{kind}\n{query['Expires']}\n{headers}"
        f"{_resource(request, bucket)}"
    )


def _resource(request: HttpRequest, bucket: str) -> str:
    path = f"/{bucket}{request.path}" if bucket else request.path
    chosen = []
    for pair in request.query.split("&"):
        name, equals, value = pair.partition("=")
        if _SUBRESOURCES.fullmatch(name):
            chosen.append((name, f"{name}={unquote(value)}" if equals else name))
    chosen.sort()
    return path + ("?" + "&".join(text for _, text in chosen) if chosen else "")
