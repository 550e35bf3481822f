"""What a signed request says of itself, before anybody checks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kennel.auth.failures import AuthenticationError, Failure
from kennel.auth.timestamps import from_http_date, parse_basic
from kennel.wire import HttpRequest

__all__ = [
    "ALGORITHM",
    "Claim",
    "claimed_key",
    "credential_parts",
    "header_claim",
    "query_claim",
]

ALGORITHM = "AWS4-HMAC-SHA256"

_MOST_EXPIRES = 604_800  # seconds: a week
_DEFAULT_EXPIRES = 900  # where a service other than S3 is asked without X-Amz-Expires
_KEY = re.compile(r"Credential=([^/,\s]+)")
_NUMBER = re.compile(r"-?[0-9]+")
_QUERY_PARTS = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders")


@dataclass(frozen=True, slots=True)
class Claim:
    """The parts of a version 4 signature. `timestamp` is in the basic format, `time` the same in
    seconds since the epoch; `expires` is in seconds, None for a signed header."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: str
    signature: str
    timestamp: str
    time: int
    token: str
    expires: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope, without the key id."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def claimed_key(request: HttpRequest) -> str:
    """The access key id that a request says it is signed with; empty if it says none that can be
    read. Whether that is true is for `verify` to find out."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        match = _KEY.search(authorization)
        return match[1] if match else ""
    credential = request.query_values.get("X-Amz-Credential", "")
    return credential.partition("/")[0] or request.query_values.get("AWSAccessKeyId", "")


def header_claim(authorization: str, headers: Mapping[str, str]) -> Claim:
    """Reads an Authorization header. Raises AuthenticationError."""
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise AuthenticationError(
            Failure.UNSUPPORTED, f"Unsupported AWS 'algorithm': '{algorithm}'; use {ALGORITHM}."
        )
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.partition("=")
        fields[name.strip()] = value.strip()
    missing = [n for n in ("Credential", "Signature", "SignedHeaders") if not fields.get(n)]
    timestamp = headers.get("x-amz-date") or from_http_date(headers.get("date", "")) or ""
    time = parse_basic(timestamp)
    if missing or time is None:
        raise AuthenticationError(Failure.INCOMPLETE, _what_lacks(missing, timestamp))
    access_key_id, date, region, service = credential_parts(
        fields["Credential"], Failure.INCOMPLETE
    )
    return Claim(
        access_key_id,
        date,
        region,
        service,
        fields["SignedHeaders"],
        fields["Signature"],
        timestamp,
        time,
        headers.get("x-amz-security-token", ""),
    )


def query_claim(query: Mapping[str, str]) -> Claim:
    """Reads the query of a presigned URL. Raises AuthenticationError."""
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise AuthenticationError(Failure.BAD_QUERY, f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    missing = [name for name in _QUERY_PARTS if not query.get(name)]
    if missing:
        raise AuthenticationError(
            Failure.BAD_QUERY,
            "Query-string authentication version 4 requires the X-Amz-Algorithm, "
            "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
            f"X-Amz-Expires parameters. Missing: {', '.join(missing)}.",
        )
    time = parse_basic(query["X-Amz-Date"])
    if time is None:
        raise AuthenticationError(
            Failure.BAD_QUERY,
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
        )
    access_key_id, date, region, service = credential_parts(
        query["X-Amz-Credential"], Failure.BAD_QUERY
    )
    return Claim(
        access_key_id,
        date,
        region,
        service,
        query["X-Amz-SignedHeaders"],
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        time,
        query.get("X-Amz-Security-Token", ""),
        _expires(query.get("X-Amz-Expires"), service),
    )


def credential_parts(text: str, failure: Failure) -> tuple[str, str, str, str]:
    """Key id, date, region and service of a Credential. Raises AuthenticationError."""
    parts = text.split("/")
    # A key id is everything before the last four parts, as AWS reads it.
    if len(parts) < 5 or not parts[0] or parts[-1] != "aws4_request":
        raise AuthenticationError(
            failure,
            "the Credential is mal-formed; expecting "
            f'"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request", not "{text}".',
        )
    return "/".join(parts[:-4]), parts[-4], parts[-3], parts[-2]


def _expires(text: str | None, service: str) -> int:
    if text is None:
        if service == "s3":
            raise AuthenticationError(
                Failure.BAD_QUERY, "Query-string authentication requires X-Amz-Expires."
            )
        return _DEFAULT_EXPIRES
    if not _NUMBER.fullmatch(text):
        raise AuthenticationError(Failure.BAD_QUERY, "X-Amz-Expires should be a number")
    seconds = int(text) if len(text) < 10 else _MOST_EXPIRES + 1
    if seconds < 1:
        raise AuthenticationError(Failure.BAD_QUERY, "X-Amz-Expires must be at least 1 second")
    if seconds > _MOST_EXPIRES:
        raise AuthenticationError(
            Failure.BAD_QUERY,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            f"X-Amz-Expires must be less than {_MOST_EXPIRES} seconds",
        )
    return seconds


def _what_lacks(missing: list[str], timestamp: str) -> str:
    sentences = [f"Authorization header requires '{name}' parameter." for name in missing]
    if parse_basic(timestamp) is None:
        sentences.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
            if not timestamp
            else f"Date must be in ISO-8601 'basic format'. Got '{timestamp}'."
        )
    return " ".join(sentences)
