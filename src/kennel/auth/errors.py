"""Authentication failures as the errors of each family of services.

Sources: "Error responses" of the S3 API reference; "Common error types" of the IAM, EC2 and Lambda
references. [O] marks what is observed of AWS and not promised by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kennel.auth.failures import AuthenticationError, Failure
from kennel.errors import AwsError, ClientError

__all__ = ["as_aws_error"]


def as_aws_error(error: AuthenticationError, protocol: str) -> AwsError:
    """The error that services give which speak that protocol, as botocore names protocols."""
    code, status, message = _BY_PROTOCOL[protocol][error.failure]
    kind: type[ClientError] = type(code, (ClientError,), {"code": code, "status": status})
    members: dict[str, Any] = {**error.facts} if protocol == "rest-xml" else {}
    return kind(message.format(detail=error.detail), **members)


_Row = tuple[str, int, str]  # code, status, message

_TOKEN_INVALID = "The security token included in the request is invalid."
_TOKEN_EXPIRED = "The security token included in the request is expired"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)

_S3: Mapping[Failure, _Row] = {
    Failure.UNSIGNED: ("AccessDenied", 403, "Access Denied"),
    Failure.TWO_WAYS: (
        "InvalidArgument",
        400,
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
        "query string parameter or the Authorization header should be specified",
    ),
    Failure.UNSUPPORTED: (
        "InvalidRequest",
        400,
        "The authorization mechanism you have provided is not supported. "
        "Please use AWS4-HMAC-SHA256.",
    ),
    Failure.INCOMPLETE: (
        "AuthorizationHeaderMalformed",
        400,
        "The authorization header is malformed; {detail}",
    ),
    Failure.BAD_QUERY: ("AuthorizationQueryParametersError", 400, "{detail}"),
    Failure.BAD_SCOPE: (
        "AuthorizationHeaderMalformed",
        400,
        "The authorization header is malformed; {detail}",
    ),
    Failure.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Failure.BAD_TOKEN: (
        "InvalidToken",
        400,
        "The provided token is malformed or otherwise invalid.",
    ),
    Failure.EXPIRED_TOKEN: ("ExpiredToken", 400, "The provided token has expired."),
    Failure.SKEWED: (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    Failure.NOT_YET_VALID: ("AccessDenied", 403, "Request is not valid yet"),
    Failure.EXPIRED: ("AccessDenied", 403, "Request has expired"),
    Failure.UNSIGNED_HEADERS: (
        "AccessDenied",
        403,
        "There were headers present in the request which were not signed",
    ),
    Failure.MISMATCH: (
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
    ),
    Failure.NO_PAYLOAD_HASH: (
        "InvalidArgument",
        400,
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a "
        "valid sha256 value.",
    ),
    Failure.PAYLOAD_MISMATCH: (
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ),
}


def _json(status: int) -> Mapping[Failure, _Row]:
    invalid = ("InvalidSignatureException", status, "{detail}")
    incomplete = ("IncompleteSignatureException", status, "{detail}")
    mismatch = ("InvalidSignatureException", status, _MISMATCH)
    return {
        Failure.UNSIGNED: ("MissingAuthenticationTokenException", status, "{detail}"),
        Failure.TWO_WAYS: (
            "IncompleteSignatureException",
            status,
            "Only one of the Authorization header and X-Amz-Signature may be given.",
        ),
        Failure.UNSUPPORTED: incomplete,
        Failure.INCOMPLETE: incomplete,
        Failure.BAD_QUERY: incomplete,
        Failure.BAD_SCOPE: invalid,
        Failure.UNKNOWN_KEY: ("UnrecognizedClientException", status, _TOKEN_INVALID),
        Failure.BAD_TOKEN: ("UnrecognizedClientException", status, _TOKEN_INVALID),
        Failure.EXPIRED_TOKEN: ("ExpiredTokenException", status, _TOKEN_EXPIRED),
        Failure.SKEWED: invalid,
        Failure.NOT_YET_VALID: invalid,
        Failure.EXPIRED: invalid,
        Failure.UNSIGNED_HEADERS: invalid,
        Failure.MISMATCH: mismatch,
        Failure.NO_PAYLOAD_HASH: mismatch,
        Failure.PAYLOAD_MISMATCH: mismatch,
    }


_QUERY_INVALID: _Row = ("SignatureDoesNotMatch", 403, "{detail}")
_QUERY_INCOMPLETE: _Row = ("IncompleteSignature", 400, "{detail}")
_QUERY_MISMATCH: _Row = ("SignatureDoesNotMatch", 403, _MISMATCH)

_QUERY: Mapping[Failure, _Row] = {
    Failure.UNSIGNED: (
        "MissingAuthenticationToken",
        403,
        "Request is missing Authentication Token",
    ),
    Failure.TWO_WAYS: (
        "IncompleteSignature",
        400,
        "Only one of the Authorization header and X-Amz-Signature may be given.",
    ),
    Failure.UNSUPPORTED: _QUERY_INCOMPLETE,
    Failure.INCOMPLETE: _QUERY_INCOMPLETE,
    Failure.BAD_QUERY: _QUERY_INCOMPLETE,
    Failure.BAD_SCOPE: _QUERY_INVALID,
    Failure.UNKNOWN_KEY: ("InvalidClientTokenId", 403, _TOKEN_INVALID),
    Failure.BAD_TOKEN: ("InvalidClientTokenId", 403, _TOKEN_INVALID),
    Failure.EXPIRED_TOKEN: ("ExpiredToken", 403, _TOKEN_EXPIRED),
    Failure.SKEWED: _QUERY_INVALID,
    Failure.NOT_YET_VALID: _QUERY_INVALID,
    Failure.EXPIRED: _QUERY_INVALID,
    Failure.UNSIGNED_HEADERS: _QUERY_INVALID,
    Failure.MISMATCH: _QUERY_MISMATCH,
    Failure.NO_PAYLOAD_HASH: _QUERY_MISMATCH,
    Failure.PAYLOAD_MISMATCH: _QUERY_MISMATCH,
}

_EC2_REFUSED: _Row = (
    "AuthFailure",
    401,
    "AWS was not able to validate the provided access credentials",
)
_EC2_EXPIRED: _Row = ("RequestExpired", 400, "Request has expired.")

_EC2: Mapping[Failure, _Row] = {
    **_QUERY,
    Failure.UNKNOWN_KEY: _EC2_REFUSED,
    Failure.BAD_TOKEN: _EC2_REFUSED,
    Failure.MISMATCH: _EC2_REFUSED,
    Failure.PAYLOAD_MISMATCH: _EC2_REFUSED,
    Failure.NO_PAYLOAD_HASH: _EC2_REFUSED,
    Failure.EXPIRED_TOKEN: _EC2_EXPIRED,
    Failure.SKEWED: _EC2_EXPIRED,
    Failure.NOT_YET_VALID: _EC2_EXPIRED,
    Failure.EXPIRED: _EC2_EXPIRED,
}

_JSON = _json(400)  # [O]; the references that give a status give 403

_BY_PROTOCOL: Mapping[str, Mapping[Failure, _Row]] = {
    "rest-xml": _S3,
    "json": _JSON,
    "smithy-rpc-v2-cbor": _JSON,
    "rest-json": _json(403),
    "query": _QUERY,
    "ec2": _EC2,
}
