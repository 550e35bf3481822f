"""S3's old presigned URLs, which botocore still makes by default."""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import quote

import pytest
from botocore.auth import HmacV1QueryAuth
from hypothesis import given
from hypothesis import strategies as st

from kennel.auth import UNSIGNED_PAYLOAD, AuthenticationError, Failure, verify
from kennel.identity import Credentials, Principal
from kennel.wire import HttpRequest
from tests.auth.signing import ACCOUNT, KEY, Keys, boto_keys, signed

SESSION = Credentials("ASIAEXAMPLE", "secret", "to/ken+==", Principal.root(ACCOUNT), 2e10)


def _presigned(
    url: str = "http://127.0.0.1/bucket/key",
    method: str = "GET",
    headers: dict[str, str] | None = None,
    key: Credentials = KEY,
) -> HttpRequest:
    return signed(HmacV1QueryAuth(boto_keys(key), expires=60), method, url, headers)


def _failure(request: HttpRequest, now: float, keys: Keys | None = None) -> Failure:
    with pytest.raises(AuthenticationError) as caught:
        verify(request, keys or Keys(KEY), now, service="s3")
    return caught.value.failure


_keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
_queries = st.sampled_from(
    ["", "uploads", "versionId=a%2Fb", "partNumber=1&uploadId=x", "prefix=a&response-expires=b%20c"]
)


@given(_keys, _queries, st.sampled_from(["GET", "PUT", "HEAD", "DELETE"]))
def test_whatever_botocore_presigns_is_accepted(key: str, query: str, method: str) -> None:
    path = quote(f"/bucket/{key}", safe="/~")
    request = _presigned(f"http://127.0.0.1{path}" + (f"?{query}" if query else ""), method)
    verified = verify(request, Keys(KEY), time.time(), service="s3")
    assert (verified.principal, verified.payload_hash) == (KEY.principal, UNSIGNED_PAYLOAD)
    assert verified.presigned


def test_signed_headers_travel_in_the_query() -> None:
    headers = {"x-amz-meta-a": "b", "Content-Type": "image/jpeg"}
    request = _presigned(method="PUT", headers=headers)
    verify(replace(request, headers={"host": "h"}), Keys(KEY), time.time(), service="s3")


def test_a_session_signs_too() -> None:
    request = _presigned(key=SESSION)
    verify(request, Keys(SESSION), time.time(), service="s3")
    without = replace(request, query=request.query.replace("x-amz-security-token", "x"), headers={})
    assert _failure(without, time.time(), Keys(SESSION)) is Failure.UNKNOWN_KEY


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/bucket/other"},
        {"method": "DELETE"},
        {"headers": {"x-amz-acl": "public-read"}},
    ],
)
def test_a_changed_request_is_refused(change: dict[str, str]) -> None:
    request = replace(_presigned(), **change)  # type: ignore[arg-type]
    assert _failure(request, time.time()) is Failure.MISMATCH


def test_an_added_subresource_is_refused() -> None:
    request = _presigned()
    changed = replace(request, query=f"tagging&{request.query}")
    assert _failure(changed, time.time()) is Failure.MISMATCH


def test_a_url_ends_when_it_says() -> None:
    request = _presigned()
    verify(request, Keys(KEY), time.time() + 59, service="s3")
    assert _failure(request, time.time() + 62) is Failure.EXPIRED


def test_a_later_end_is_refused() -> None:
    request = _presigned()
    expires = request.query_values["Expires"]
    changed = request.query.replace(f"Expires={expires}", f"Expires={int(expires) + 1}")
    assert _failure(replace(request, query=changed), time.time()) is Failure.MISMATCH


@pytest.mark.parametrize("expires", ["", "soon", "-5", "9" * 30])
def test_a_url_without_an_end_is_refused(expires: str) -> None:
    request = HttpRequest("GET", "/b/k", f"AWSAccessKeyId=A&Signature=x&Expires={expires}", {})
    assert _failure(request, time.time()) is Failure.UNSIGNED


def test_an_unknown_key_is_refused() -> None:
    assert _failure(_presigned(), time.time(), Keys()) is Failure.UNKNOWN_KEY


def test_a_bucket_in_the_host_belongs_to_what_is_signed() -> None:
    request = replace(_presigned(), path="/key", headers={"host": "bucket.s3.amazonaws.com"})
    verify(request, Keys(KEY), time.time(), service="s3", bucket="bucket")
    with pytest.raises(AuthenticationError):
        verify(request, Keys(KEY), time.time(), service="s3", bucket="other")


def test_other_services_do_not_take_it() -> None:
    with pytest.raises(AuthenticationError) as caught:
        verify(_presigned(), Keys(KEY), time.time(), service="sts")
    assert caught.value.failure is Failure.UNSIGNED
