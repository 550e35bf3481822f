"""Signature Version 4: who sent a request, and that it arrived as it was sent.

On the way of every request, InvokeEndpoint's included: 10 µs for a header-signed request
besides the hash of its body (CPython 3.11).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from kennel.auth.canonical import canonical_headers, canonical_path, canonical_query, wire_bytes
from kennel.auth.claim import ALGORITHM, Claim, header_claim, query_claim
from kennel.auth.failures import AuthenticationError, Failure
from kennel.auth.keys import KeyFinder
from kennel.auth.signature_v2 import is_presigned_v2, verify_presigned_v2
from kennel.auth.signing import ChunkSigning, signing_key
from kennel.auth.timestamps import basic_format, extended_format
from kennel.auth.token import check_token
from kennel.identity import Credentials, Principal
from kennel.wire import HttpRequest

__all__ = ["UNSIGNED_PAYLOAD", "Verified", "unsigned", "verify"]

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

# Seconds between a request's time and ours. S3's error reply says 15 minutes, and so does "Common
# Errors" of the query services; the SigV4 guide says 5 for the others.
_SKEW_LIMIT = 300
_LONG_SKEW_LIMIT = 900
_LONG_SKEW_SERVICES = frozenset({"s3", "iam", "sts", "ec2", "monitoring"})

_HEX_HASH = re.compile(r"[0-9a-f]{64}")
_STREAMING = frozenset(
    {
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    }
)
_WORDS = _STREAMING | {UNSIGNED_PAYLOAD}


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good signature proves.

    `service` and `region` are the scope's. `payload_hash` is what the signature says of the body:
    its SHA-256 in hex, UNSIGNED-PAYLOAD, or one of S3's STREAMING-… words, whose chunks
    `chunk_signing` checks. `signed` is the time that it bears, in seconds since the epoch; 0 for
    one of Signature Version 2, which bears none, and for none.
    """

    principal: Principal
    access_key_id: str
    service: str
    region: str
    payload_hash: str
    presigned: bool = False
    chunk_signing: ChunkSigning | None = None
    signed: float = 0.0


def verify(
    request: HttpRequest,
    directory: KeyFinder,
    now: float,
    *,
    service: str,
    streamed: bool = False,
    bucket: str = "",
) -> Verified:
    """Checks a request's signature, in its header or its query, against the keys in `directory`.

    `now` is wall time. `service` is the signing name of the service that the request is for; a
    signature for another one is refused. `streamed` (S3 only): the body is not in `request`, and
    whoever reads it compares its hash with the signed one, or decodes the chunks. `bucket`: the
    bucket that the Host names, if it names one; S3's old presigned URLs need it.

    Raises AuthenticationError, also for a request without any signature.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None:
        if "X-Amz-Signature=" in request.query:
            raise AuthenticationError(Failure.TWO_WAYS)
        claim = header_claim(authorization, request.headers)
    elif "X-Amz-Signature=" in request.query or "X-Amz-Algorithm=" in request.query:
        claim = query_claim(request.query_values)
    elif service == "s3" and is_presigned_v2(request):
        principal, access_key_id = verify_presigned_v2(request, directory, now, bucket)
        return Verified(principal, access_key_id, "s3", "", UNSIGNED_PAYLOAD, True)
    else:
        raise AuthenticationError(Failure.UNSIGNED, "Missing Authentication Token")
    _check_scope(claim, service)
    credentials = directory.find(claim.access_key_id)
    if credentials is None:
        raise AuthenticationError(Failure.UNKNOWN_KEY, AWSAccessKeyId=claim.access_key_id)
    check_token(credentials, claim.token, now)
    _check_time(claim, now)
    names = claim.signed_headers.split(";")
    _check_signed_headers(request, names)
    payload_hash = _payload_hash(request, claim)
    key = _check_signature(request, claim, credentials, names, payload_hash)
    if claim.service == "s3" and not streamed:
        _check_payload(request, payload_hash)
    chunk_signing = None
    if payload_hash in _STREAMING:
        chunk_signing = ChunkSigning(key, claim.timestamp, claim.scope, claim.signature)
    return Verified(
        credentials.principal,
        claim.access_key_id,
        claim.service,
        claim.region,
        payload_hash,
        claim.expires is not None,
        chunk_signing,
        claim.time,
    )


def unsigned(request: HttpRequest, *, streamed: bool = False) -> Verified:
    """The anonymous caller, for a request to S3 without any signature. What it says of its body
    is checked all the same. Raises AuthenticationError, also for chunks that claim a signature."""
    declared = request.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)
    if declared in _STREAMING and not declared.startswith("STREAMING-UNSIGNED"):
        raise AuthenticationError(Failure.UNSIGNED)
    if not _HEX_HASH.fullmatch(declared) and declared not in _WORDS:
        raise AuthenticationError(Failure.NO_PAYLOAD_HASH)
    if not streamed:
        _check_payload(request, declared)
    return Verified(Principal.anonymous(), "", "s3", "", declared)


def _check_scope(claim: Claim, service: str) -> None:
    if claim.service != service:
        raise AuthenticationError(
            Failure.BAD_SCOPE, f"Credential should be scoped to correct service: '{service}'."
        )
    if claim.timestamp[:8] != claim.date:
        raise AuthenticationError(
            Failure.BAD_SCOPE,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{claim.date}' != '{claim.timestamp[:8]}', from '{claim.timestamp}'.",
        )


def _check_time(claim: Claim, now: float) -> None:
    limit = _LONG_SKEW_LIMIT if claim.service in _LONG_SKEW_SERVICES else _SKEW_LIMIT
    ahead = claim.time - now
    if ahead > limit:
        raise AuthenticationError(
            Failure.SKEWED if claim.expires is None else Failure.NOT_YET_VALID,
            f"Signature not yet current: {claim.timestamp} is still later than "
            f"{basic_format(now + limit)} ({basic_format(now)} + {limit // 60} min.)",
            **_time_facts(claim, now, limit),
        )
    if claim.expires is not None:
        if -ahead > claim.expires:
            raise AuthenticationError(
                Failure.EXPIRED,
                f"Signature expired: {claim.timestamp} is now earlier than "
                f"{basic_format(now - claim.expires)} ({basic_format(now)} - {claim.expires} s.)",
                **{"X-Amz-Expires": str(claim.expires)},
                Expires=extended_format(claim.time + claim.expires),
                ServerTime=extended_format(now),
            )
    elif -ahead > limit:
        raise AuthenticationError(
            Failure.SKEWED,
            f"Signature expired: {claim.timestamp} is now earlier than "
            f"{basic_format(now - limit)} ({basic_format(now)} - {limit // 60} min.)",
            **_time_facts(claim, now, limit),
        )


def _time_facts(claim: Claim, now: float, limit: int) -> dict[str, str]:
    return {
        "RequestTime": claim.timestamp,
        "ServerTime": extended_format(now),
        "MaxAllowedSkewMilliseconds": str(limit * 1000),
    }


def _check_signed_headers(request: HttpRequest, names: list[str]) -> None:
    """The host and every x-amz- header must be signed, or somebody on the way could change what
    the request means."""
    signed = frozenset(names)
    missing = [name for name in request.headers if name.startswith("x-amz-") and name not in signed]
    if "host" not in signed:
        missing.append("host")
    if missing:
        raise AuthenticationError(
            Failure.UNSIGNED_HEADERS,
            " ".join(
                f"'{name}' must be a 'SignedHeader' in the AWS Authorization." for name in missing
            ),
            HeadersNotSigned=", ".join(missing),
        )


def _payload_hash(request: HttpRequest, claim: Claim) -> str:
    """What stands for the body in the canonical request."""
    if claim.service != "s3":
        return hashlib.sha256(request.body).hexdigest()
    declared = request.headers.get("x-amz-content-sha256", "")
    if not declared:
        if claim.expires is None:
            raise AuthenticationError(Failure.NO_PAYLOAD_HASH)
        declared = request.query_values.get("X-Amz-Content-Sha256", UNSIGNED_PAYLOAD)
    if declared in _WORDS or _HEX_HASH.fullmatch(declared):
        return declared
    raise AuthenticationError(Failure.NO_PAYLOAD_HASH)


def _check_signature(
    request: HttpRequest, claim: Claim, credentials: Credentials, names: list[str], payload: str
) -> bytes:
    """Returns the signing key. Raises AuthenticationError if the signature is another one."""
    leave_out = "" if claim.expires is None else "X-Amz-Signature"
    canonical = (
        f"{request.method}\n{canonical_path(request.path, s3=claim.service == 's3')}\n"
        f"{canonical_query(request.query, leave_out)}\n"
        f"{canonical_headers(request.headers, names)}\n{claim.signed_headers}\n{payload}"
    )
    to_sign = (
        f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n"
        f"{hashlib.sha256(wire_bytes(canonical)).hexdigest()}"
    )
    key = signing_key(credentials.secret_access_key, claim.date, claim.region, claim.service)
    expected = hmac.digest(key, wire_bytes(to_sign), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), wire_bytes(claim.signature)):
        raise AuthenticationError(
            Failure.MISMATCH,
            AWSAccessKeyId=claim.access_key_id,
            StringToSign=to_sign,
            SignatureProvided=claim.signature,
            CanonicalRequest=canonical,
        )
    return key


def _check_payload(request: HttpRequest, declared: str) -> None:
    if declared in _WORDS:
        return
    actual = hashlib.sha256(request.body).hexdigest()
    if declared != actual:
        raise AuthenticationError(
            Failure.PAYLOAD_MISMATCH,
            ClientComputedContentSHA256=declared,
            S3ComputedContentSHA256=actual,
        )
