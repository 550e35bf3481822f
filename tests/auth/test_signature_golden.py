"""AWS's own examples are accepted, and none of them with another's signature."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from kennel.auth import AuthenticationError, Failure, verify
from kennel.auth.timestamps import parse_basic
from kennel.identity import Credentials, Principal
from kennel.wire import HttpRequest
from tests.auth.golden import ACCESS_KEY_ID, EXAMPLES, SCOPE, SECRET, TIMESTAMP, Example
from tests.auth.signing import Keys

ROOT = Principal.root("123456789012")
NOW = float(parse_basic(TIMESTAMP) or 0)


def _keys(example: Example) -> Keys:
    return Keys(Credentials(ACCESS_KEY_ID, SECRET, example.token, ROOT))


def _signed_in_header(example: Example, signature: str) -> HttpRequest:
    headers = {"host": "example.amazonaws.com", "x-amz-date": TIMESTAMP, **example.headers}
    if example.token:
        headers["x-amz-security-token"] = example.token
    names = ";".join(sorted(headers))
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/{SCOPE}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    path, _, query = example.target.encode().decode("latin-1").partition("?")
    return HttpRequest(example.method, path, query, headers, example.body)


def _signed_in_query(example: Example, signature: str) -> HttpRequest:
    headers = {"host": "example.amazonaws.com", **example.headers}
    headers.pop("x-amz-content-sha256", None)
    names = ";".join(sorted(headers))
    path, _, query = example.target.encode().decode("latin-1").partition("?")
    own = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{ACCESS_KEY_ID}/{SCOPE}",
        "X-Amz-Date": TIMESTAMP,
        "X-Amz-SignedHeaders": names,
        "X-Amz-Expires": "3600",
        **({"X-Amz-Security-Token": example.token} if example.token else {}),
        "X-Amz-Signature": signature,
    }
    pairs = [f"{name}={quote(value, safe='')}" for name, value in own.items()]
    return HttpRequest(
        example.method, path, "&".join([*([query] if query else []), *pairs]), headers, example.body
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_awss_example_is_accepted_signed_in_the_header(example: Example) -> None:
    request = _signed_in_header(example, example.in_header)
    verified = verify(request, _keys(example), NOW, service="service")
    assert (verified.principal, verified.service, verified.region, verified.presigned) == (
        ROOT,
        "service",
        "us-east-1",
        False,
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_awss_example_is_accepted_signed_in_the_query(example: Example) -> None:
    request = _signed_in_query(example, example.in_query)
    assert verify(request, _keys(example), NOW, service="service").presigned


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_another_requests_signature_is_refused(example: Example) -> None:
    others = {one.in_header for one in EXAMPLES} - {example.in_header}
    for signature in others:
        with pytest.raises(AuthenticationError) as caught:
            verify(_signed_in_header(example, signature), _keys(example), NOW, service="service")
        assert caught.value.failure is Failure.MISMATCH


# The worked examples of "Signature Calculations for the Authorization Header: Transferring Payload
# in a Single Chunk" and "Authenticating Requests: Using Query Parameters", S3 API reference.
S3_KEYS = Keys(
    Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", ROOT)
)
S3_NOW = float(parse_basic("20130524T000000Z") or 0)
S3_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _s3(
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    signature: str,
    body: bytes = b"",
    payload: str = S3_EMPTY,
) -> HttpRequest:
    all_headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "x-amz-content-sha256": payload,
        **headers,
    }
    names = ";".join(sorted(all_headers))
    all_headers["authorization"] = (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders={names},Signature={signature}"
    )
    return HttpRequest(method, path, query, all_headers, body)


S3_REQUESTS = {
    "get-object": _s3(
        "GET",
        "/test.txt",
        "",
        {"range": "bytes=0-9"},
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "put-object": _s3(
        "PUT",
        "/test$file.text",
        "",
        {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        b"Welcome to Amazon S3.",
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    ),
    "get-lifecycle": _s3(
        "GET",
        "/",
        "lifecycle",
        {},
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list-objects": _s3(
        "GET",
        "/",
        "max-keys=2&prefix=J",
        {},
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
    "presigned": HttpRequest(
        "GET",
        "/test.txt",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
        "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        {"host": "examplebucket.s3.amazonaws.com"},
    ),
}


@pytest.mark.parametrize("name", S3_REQUESTS)
def test_the_s3_references_examples_are_accepted(name: str) -> None:
    verified = verify(S3_REQUESTS[name], S3_KEYS, S3_NOW, service="s3")
    assert verified.access_key_id == "AKIAIOSFODNN7EXAMPLE"
