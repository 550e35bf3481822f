"""Each family of services words its refusals as AWS does."""

from __future__ import annotations

import pytest

from kennel.auth import AuthenticationError, Failure, as_aws_error

PROTOCOLS = ("rest-xml", "json", "rest-json", "smithy-rpc-v2-cbor", "query", "ec2")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("failure", Failure)
def test_every_failure_has_an_error_in_every_protocol(failure: Failure, protocol: str) -> None:
    error = as_aws_error(AuthenticationError(failure, "why", Fact="fact"), protocol)
    assert error.code
    assert error.message
    assert 400 <= error.status < 404
    assert "{" not in error.message


@pytest.mark.parametrize(
    ("failure", "protocol", "code", "status"),
    [
        (Failure.UNKNOWN_KEY, "rest-xml", "InvalidAccessKeyId", 403),
        (Failure.UNKNOWN_KEY, "json", "UnrecognizedClientException", 400),
        (Failure.UNKNOWN_KEY, "rest-json", "UnrecognizedClientException", 403),
        (Failure.UNKNOWN_KEY, "query", "InvalidClientTokenId", 403),
        (Failure.UNKNOWN_KEY, "ec2", "AuthFailure", 401),
        (Failure.MISMATCH, "rest-xml", "SignatureDoesNotMatch", 403),
        (Failure.MISMATCH, "json", "InvalidSignatureException", 400),
        (Failure.MISMATCH, "query", "SignatureDoesNotMatch", 403),
        (Failure.PAYLOAD_MISMATCH, "rest-xml", "XAmzContentSHA256Mismatch", 400),
        (Failure.EXPIRED_TOKEN, "rest-xml", "ExpiredToken", 400),
        (Failure.EXPIRED_TOKEN, "json", "ExpiredTokenException", 400),
        (Failure.EXPIRED_TOKEN, "query", "ExpiredToken", 403),
        (Failure.EXPIRED, "rest-xml", "AccessDenied", 403),
        (Failure.SKEWED, "rest-xml", "RequestTimeTooSkewed", 403),
        (Failure.SKEWED, "query", "SignatureDoesNotMatch", 403),
        (Failure.SKEWED, "ec2", "RequestExpired", 400),
        (Failure.INCOMPLETE, "rest-xml", "AuthorizationHeaderMalformed", 400),
        (Failure.INCOMPLETE, "json", "IncompleteSignatureException", 400),
        (Failure.UNSIGNED, "json", "MissingAuthenticationTokenException", 400),
        (Failure.UNSIGNED, "query", "MissingAuthenticationToken", 403),
        (Failure.BAD_TOKEN, "rest-xml", "InvalidToken", 400),
        (Failure.BAD_QUERY, "rest-xml", "AuthorizationQueryParametersError", 400),
    ],
)
def test_the_codes_are_awss(failure: Failure, protocol: str, code: str, status: int) -> None:
    error = as_aws_error(AuthenticationError(failure), protocol)
    assert (error.code, error.status) == (code, status)


def test_only_s3_shows_what_it_computed() -> None:
    failure = AuthenticationError(Failure.MISMATCH, StringToSign="x")
    assert as_aws_error(failure, "rest-xml").members == {"StringToSign": "x"}
    assert as_aws_error(failure, "json").members == {}


def test_braces_in_a_detail_are_just_text() -> None:
    error = as_aws_error(AuthenticationError(Failure.INCOMPLETE, "got '{0}'"), "json")
    assert error.message == "got '{0}'"
