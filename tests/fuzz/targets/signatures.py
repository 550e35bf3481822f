"""Signatures: a request that somebody changed is refused, or still means what was signed.

The meaning of a request is what the operation gets to see of it; headers that were not signed do
not count, as on AWS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth

from kennel.auth import AuthenticationError, AwsChunkedDecoder, ChunkSigning, as_aws_error, verify
from kennel.auth.claim import header_claim, query_claim
from kennel.auth.timestamps import parse_basic
from kennel.errors import AwsError
from kennel.wire import HttpRequest, UnknownOperation, decode, identify
from kennel.wire.identify import signing_name
from tests.auth.signing import KEY, Keys, boto_keys, signed
from tests.fuzz.http_text import read_text, text_of
from tests.fuzz.target import Target, simple

__all__ = ["CHUNKS", "SIGNATURES"]

_ENDPOINT = "http://localhost:4566"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.DescribeModel"}


@cache
def _seeds() -> Sequence[bytes]:
    keys = boto_keys()
    s3, s3_url = S3SigV4Auth(keys, "s3", "us-east-1"), S3SigV4QueryAuth(keys, "s3", "us-east-1", 60)
    sts, sts_url = (
        SigV4Auth(keys, "sts", "us-east-1"),
        SigV4QueryAuth(keys, "sts", "us-east-1", 60),
    )
    sagemaker = SigV4Auth(keys, "sagemaker", "us-east-1")
    functions = SigV4Auth(keys, "lambda", "us-east-1")
    action = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=a%20b&RoleArn=arn%3Aaws"
    requests = [
        signed(s3, "GET", f"{_ENDPOINT}/bucket/a%20key/%C3%A4?versionId=1&partNumber=2"),
        signed(s3, "PUT", f"{_ENDPOINT}/bucket/key", {"X-Amz-Meta-A": "b  c"}, b"the body"),
        signed(s3, "GET", f"{_ENDPOINT}/bucket?list-type=2&prefix=a%2Bb%26c&delimiter=%2F"),
        signed(s3_url, "GET", f"{_ENDPOINT}/bucket/key?response-content-type=text%2Fhtml"),
        signed(s3_url, "PUT", f"{_ENDPOINT}/bucket/a//b/../c"),
        signed(sts, "POST", f"{_ENDPOINT}/", _FORM, action.encode()),
        signed(sts_url, "GET", f"{_ENDPOINT}/?{action}"),
        signed(sagemaker, "POST", f"{_ENDPOINT}/", _JSON, b'{"ModelName":"a-model"}'),
        signed(functions, "GET", f"{_ENDPOINT}/2015-03-31/functions/a%3Ab/policy?Qualifier=1"),
        signed(functions, "POST", f"{_ENDPOINT}/2015-03-31/functions/f/invocations", None, b"{}"),
    ]
    return tuple(text_of(request) for request in requests)


@cache
def _meanings() -> frozenset[str]:
    return frozenset(_meaning(read_text(text)) for text in _seeds())


def _check(data: bytes) -> None:
    request = read_text(data)
    meant = _meanings()
    try:
        target = identify(request)
    except UnknownOperation:
        return
    service = signing_name(target.service)
    try:
        verify(request, Keys(KEY), _time_of(request), service=service)
    except AuthenticationError as error:
        as_aws_error(error, target.protocol)
        return
    meaning = _meaning(request)
    assert meaning in meant, f"signed by nobody: {meaning}"


def _meaning(request: HttpRequest) -> str:
    """Operation and parameters, from what is signed alone."""
    names = _signed_names(request)
    request = replace(
        request,
        headers={name: value for name, value in request.headers.items() if name in names},
    )
    if "X-Amz-Signature=" in request.query:
        kept = [pair for pair in request.query.split("&") if not pair.startswith("X-Amz-Sig")]
        request = replace(request, query="&".join(kept))
        if "%2Fs3%2F" in request.query:
            request = replace(request, body=b"")
    claimed = {"authorization": f"Credential=A/20260101/us-east-1/{_scope(request)}/aws4_request"}
    request = replace(request, headers={**request.headers, **claimed})
    try:
        target = identify(request)
        parameters: Any = sorted(decode(target, request).items(), key=str)
    except (UnknownOperation, AwsError) as error:
        return type(error).__name__
    return f"{request.method} {request.host} {target.service} {target.operation} {parameters}"


def _claim(request: HttpRequest) -> Any:
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return header_claim(authorization, request.headers)
    return query_claim(request.query_values)


def _signed_names(request: HttpRequest) -> frozenset[str]:
    return frozenset(_claim(request).signed_headers.split(";"))


def _scope(request: HttpRequest) -> str:
    credential = request.query_values.get("X-Amz-Credential", "")
    return credential.split("/")[3] if credential.count("/") == 4 else "s3"


def _time_of(request: HttpRequest) -> float:
    """Shortly after the request says it was made, so that its age never hides anything."""
    text = request.headers.get("x-amz-date") or request.query_values.get("X-Amz-Date", "")
    return float(parse_basic(text) or 0) + 1


SIGNATURES: Target = simple("signatures", _seeds, _check)

_SIGNING = ChunkSigning(b"key", "20240101T000000Z", "20240101/r/s3/aws4_request", "5eed")
_CONTENT = b"some bytes, and then " + b"z" * 200


@cache
def _chunk_seeds() -> Sequence[bytes]:
    from tests.auth.chunk_writer import encoded

    trailers = {"x-amz-checksum-crc32": "AAAAAA=="}
    pieces = [_CONTENT[:100], _CONTENT[100:]]
    return (
        encoded(_SIGNING, [_CONTENT], sign=True),
        encoded(_SIGNING, pieces, sign=True, trailers=trailers),
        encoded(_SIGNING, pieces, trailers=trailers),
    )


def _check_chunks(data: bytes) -> None:
    cut = int.from_bytes(hashlib.sha256(data).digest()[:2], "big") % (len(data) + 1)
    for announced in (frozenset[str](), frozenset({"x-amz-checksum-crc32"})):
        for signing in (_SIGNING, None):
            decoder = AwsChunkedDecoder(len(_CONTENT), signing, announced)
            try:
                output = decoder.feed(data[:cut]) + decoder.feed(data[cut:])
                decoder.finish()
            except AwsError as error:
                assert error.status < 500, error
                continue
            assert len(output) == len(_CONTENT)
            if signing is not None:
                assert output == _CONTENT, "chunks that nobody signed"


CHUNKS: Target = simple("chunks", _chunk_seeds, _check_chunks)
