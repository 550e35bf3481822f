"""What botocore signs is accepted; what anybody changed on the way is not."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import (
    BaseSigner,
    S3SigV4Auth,
    S3SigV4QueryAuth,
    SigV4Auth,
    SigV4QueryAuth,
)
from hypothesis import given
from hypothesis import strategies as st

from kennel.auth import UNSIGNED_PAYLOAD, AuthenticationError, Failure, verify
from kennel.auth.timestamps import basic_format, parse_basic
from kennel.identity import Credentials, Principal
from kennel.wire import HttpRequest
from tests.auth.signing import ACCOUNT, KEY, Keys, boto_keys, signed

HOST = "http://127.0.0.1:4566"
KEYS = Keys(KEY)
SESSION = Credentials(
    "ASIAEXAMPLE", "session+secret", "a/token+with==signs", Principal.root(ACCOUNT), 2e10
)

SIGNERS: dict[str, tuple[str, Callable[[], BaseSigner]]] = {
    "header": ("sagemaker", lambda: SigV4Auth(boto_keys(), "sagemaker", "eu-west-1")),
    "query": ("sts", lambda: SigV4QueryAuth(boto_keys(), "sts", "eu-west-1")),
    "s3-header": ("s3", lambda: S3SigV4Auth(boto_keys(), "s3", "eu-west-1")),
    "s3-query": ("s3", lambda: S3SigV4QueryAuth(boto_keys(), "s3", "eu-west-1")),
}

_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
_segments = st.lists(_text | st.sampled_from([".", "..", "a b", "%41", "+", "~"]), max_size=4)
_queries = st.dictionaries(_text, st.text(st.characters(exclude_categories=["Cs", "Cc"])))
_header_values = st.text(
    st.characters(min_codepoint=33, max_codepoint=126) | st.sampled_from(" \t"), max_size=30
).map(str.strip)
_methods = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"])


@st.composite
def _requests(draw: st.DrawFn, name: str) -> HttpRequest:
    path = quote("/" + "/".join(draw(_segments)), safe="/~")
    pairs = [
        f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}"
        for key, value in draw(_queries).items()
    ]
    url = f"{HOST}{path}" + ("?" + "&".join(pairs) if pairs else "")
    headers = {"X-Amz-Meta-One": draw(_header_values), "Content-Type": "image/jpeg"}
    # A presigned URL of S3 says nothing of the body, one of another service that it is empty.
    body = b"" if name.endswith("query") else draw(st.binary(max_size=64))
    return signed(SIGNERS[name][1](), draw(_methods), url, headers, body)


def _now(request: HttpRequest) -> float:
    stamp = request.headers.get("x-amz-date") or request.query_values["X-Amz-Date"]
    return float(parse_basic(stamp) or 0)


def _failure(
    request: HttpRequest, now: float, service: str, keys: Keys = KEYS, **options: Any
) -> Failure:
    with pytest.raises(AuthenticationError) as caught:
        verify(request, keys, now, service=service, **options)
    return caught.value.failure


@pytest.mark.parametrize("name", SIGNERS)
@given(data=st.data())
def test_whatever_botocore_signs_is_accepted(name: str, data: st.DataObject) -> None:
    request = data.draw(_requests(name))
    verified = verify(request, KEYS, _now(request), service=SIGNERS[name][0])
    assert verified.principal == KEY.principal
    assert verified.region == "eu-west-1"
    assert verified.presigned == name.endswith("query")


@pytest.mark.parametrize("name", SIGNERS)
@given(data=st.data())
def test_a_single_changed_character_is_refused(name: str, data: st.DataObject) -> None:
    request = data.draw(_requests(name))
    now = _now(request)
    parts = ["path", "query", "headers", "method"]
    if name != "s3-query":
        parts.append("body")
    if ".." in request.path:
        parts.remove("path")  # what `..` takes away may be anything
    part = data.draw(st.sampled_from(parts))
    if part == "body":
        changed = replace(request, body=_flipped_bytes(request.body, data))
    elif part == "headers":
        header = data.draw(st.sampled_from(sorted(request.headers)))
        value = _flipped(request.headers[header], data)
        changed = replace(request, headers={**request.headers, header: value})
    else:
        text: dict[str, Any] = {part: _flipped(getattr(request, part), data)}
        changed = replace(request, **text)
    with pytest.raises(AuthenticationError):
        verify(changed, KEYS, now, service=SIGNERS[name][0])


def _flipped(text: str, data: st.DataObject) -> str:
    """The text with one character exchanged for one that no rule of equality makes the same."""
    if not text:
        return "x"
    at = data.draw(st.integers(0, len(text) - 1))
    return text[:at] + ("b" if text[at] in "aA" else "a") + text[at + 1 :]


def _flipped_bytes(body: bytes, data: st.DataObject) -> bytes:
    if not body:
        return b"x"
    at = data.draw(st.integers(0, len(body) - 1))
    return body[:at] + bytes([body[at] ^ 1 << data.draw(st.integers(0, 7))]) + body[at + 1 :]


def _invoke(key: Credentials = KEY) -> HttpRequest:
    signer = SigV4Auth(boto_keys(key), "sagemaker", "us-east-1")
    return signed(signer, "POST", f"{HOST}/endpoints/e/invocations", {}, b"picture")


def _get(key: Credentials = KEY) -> HttpRequest:
    return signed(S3SigV4Auth(boto_keys(key), "s3", "us-east-1"), "GET", f"{HOST}/b/k")


def _presigned(expires: int = 60) -> HttpRequest:
    signer = S3SigV4QueryAuth(boto_keys(), "s3", "us-east-1", expires=expires)
    return signed(signer, "GET", f"{HOST}/b/k")


def test_an_unsigned_request_is_refused() -> None:
    assert _failure(HttpRequest("GET", "/", "", {"host": "h"}), 0, "s3") is Failure.UNSIGNED


def test_an_unknown_key_is_refused() -> None:
    request = _invoke()
    assert _failure(request, _now(request), "sagemaker", Keys()) is Failure.UNKNOWN_KEY


def test_a_wrong_secret_is_refused() -> None:
    request = _invoke(replace(KEY, secret_access_key="another"))
    assert _failure(request, _now(request), "sagemaker") is Failure.MISMATCH


def test_a_signature_for_another_service_is_refused() -> None:
    request = _invoke()
    assert _failure(request, _now(request), "s3") is Failure.BAD_SCOPE


def test_a_scope_of_another_day_is_refused() -> None:
    request = _invoke()
    day = request.headers["x-amz-date"][:8]
    header = request.headers["authorization"].replace(f"/{day}/", "/20010101/")
    changed = replace(request, headers={**request.headers, "authorization": header})
    assert _failure(changed, _now(request), "sagemaker") is Failure.BAD_SCOPE


@pytest.mark.parametrize(("service", "minutes"), [("s3", 15), ("sagemaker", 5)])
def test_the_clocks_may_differ_by_so_much_and_no_more(service: str, minutes: int) -> None:
    request = _get() if service == "s3" else _invoke()
    now = _now(request)
    for difference in (60 * minutes, -60 * minutes):
        verify(request, KEYS, now + difference, service=service)
    for difference in (60 * minutes + 1, -60 * minutes - 1):
        assert _failure(request, now + difference, service) is Failure.SKEWED


def test_a_presigned_url_ends_when_it_says() -> None:
    request = _presigned(60)
    now = _now(request)
    verify(request, KEYS, now + 60, service="s3")
    assert _failure(request, now + 61, "s3") is Failure.EXPIRED


def test_a_presigned_url_from_the_future_is_not_valid_yet() -> None:
    request = _presigned()
    assert _failure(request, _now(request) - 901, "s3") is Failure.NOT_YET_VALID


@pytest.mark.parametrize("expires", ["0", "-1", "604801", "99999999999999", "ten", "1.5", ""])
def test_a_presigned_url_lives_between_a_second_and_a_week(expires: str) -> None:
    request = _presigned(60)
    query = request.query.replace("X-Amz-Expires=60", f"X-Amz-Expires={expires}")
    assert _failure(replace(request, query=query), _now(request), "s3") is Failure.BAD_QUERY


def test_a_week_is_accepted() -> None:
    request = _presigned(604_800)
    verify(request, KEYS, _now(request) + 604_799, service="s3")


def test_header_and_query_at_once_are_refused() -> None:
    request = _presigned()
    headers = {**request.headers, "authorization": _get().headers["authorization"]}
    failure = _failure(replace(request, headers=headers), _now(request), "s3")
    assert failure is Failure.TWO_WAYS


@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential=A/20240101/r/s/aws4_request",
        "AWS4-HMAC-SHA256 Credential=A, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/d/r/s/aws5_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
        "AWS4-HMAC-SHA256 ,,,===,",
    ],
)
def test_a_broken_header_is_refused(header: str) -> None:
    request = _invoke()
    changed = replace(request, headers={**request.headers, "authorization": header})
    assert _failure(changed, _now(request), "sagemaker") is Failure.INCOMPLETE


@pytest.mark.parametrize(
    "header", ["AWS AKIAEXAMPLE:c2ln", "Basic eDp5", "AWS4-ECDSA-P256-SHA256 x", ""]
)
def test_other_schemes_are_refused(header: str) -> None:
    request = _invoke()
    changed = replace(request, headers={**request.headers, "authorization": header})
    assert _failure(changed, _now(request), "sagemaker") is Failure.UNSUPPORTED


@pytest.mark.parametrize("stamp", ["", "20240101", "2024-01-01T00:00:00Z", "20241301T000000Z"])
def test_a_request_without_a_time_is_refused(stamp: str) -> None:
    request = _invoke()
    changed = replace(request, headers={**request.headers, "x-amz-date": stamp})
    assert _failure(changed, _now(request), "sagemaker") is Failure.INCOMPLETE


def test_the_date_header_does_where_there_is_no_other() -> None:
    signer = SigV4Auth(boto_keys(), "sagemaker", "us-east-1")
    request = signed(signer, "GET", f"{HOST}/x", {"Date": "now"})
    assert "x-amz-date" not in request.headers
    verify(request, KEYS, time.time(), service="sagemaker")


def test_an_amz_header_that_nobody_signed_is_refused() -> None:
    request = _invoke()
    changed = replace(request, headers={**request.headers, "x-amz-target": "SageMaker.Delete"})
    assert _failure(changed, _now(request), "sagemaker") is Failure.UNSIGNED_HEADERS


def test_the_host_must_be_signed() -> None:
    request = _invoke()
    header = request.headers["authorization"].replace("host;", "")
    changed = replace(request, headers={**request.headers, "authorization": header})
    assert _failure(changed, _now(request), "sagemaker") is Failure.UNSIGNED_HEADERS


def test_other_headers_may_be_added_on_the_way() -> None:
    request = _invoke()
    changed = replace(request, headers={**request.headers, "x-forwarded-for": "10.0.0.1"})
    verify(changed, KEYS, _now(request), service="sagemaker")


def test_runs_of_blanks_count_as_one() -> None:
    signer = S3SigV4Auth(boto_keys(), "s3", "us-east-1")
    request = signed(signer, "GET", f"{HOST}/b/k", {"X-Amz-Meta-A": "one  two"})
    changed = replace(request, headers={**request.headers, "x-amz-meta-a": "one two"})
    verify(changed, KEYS, _now(request), service="s3")


def test_a_session_is_accepted_with_its_token() -> None:
    request = _invoke(SESSION)
    verified = verify(request, Keys(SESSION), _now(request), service="sagemaker")
    assert verified.access_key_id == SESSION.access_key_id


def test_a_session_without_its_token_is_unknown() -> None:
    request = _invoke(replace(SESSION, session_token=""))
    assert _failure(request, _now(request), "sagemaker", Keys(SESSION)) is Failure.UNKNOWN_KEY


@pytest.mark.parametrize("token", ["another", "a/token+with==sign", "é"])
def test_another_token_is_refused(token: str) -> None:
    request = _invoke(replace(SESSION, session_token=token))
    assert _failure(request, _now(request), "sagemaker", Keys(SESSION)) is Failure.BAD_TOKEN


def test_a_lasting_key_takes_no_token() -> None:
    request = _invoke(replace(KEY, session_token="made-up"))
    assert _failure(request, _now(request), "sagemaker") is Failure.BAD_TOKEN


def test_an_expired_session_is_told_so() -> None:
    request = _invoke(SESSION)
    ended = Keys(replace(SESSION, expires=_now(request)))
    assert _failure(request, _now(request), "sagemaker", ended) is Failure.EXPIRED_TOKEN


def _put(payload: str, body: bytes = b"bytes") -> HttpRequest:
    class Signer(S3SigV4Auth):
        def payload(self, request: object) -> str:
            return payload

    return signed(Signer(boto_keys(), "s3", "us-east-1"), "PUT", f"{HOST}/b/k", {}, body)


def test_s3_takes_an_unsigned_body() -> None:
    request = _put(UNSIGNED_PAYLOAD)
    assert verify(request, KEYS, _now(request), service="s3").payload_hash == UNSIGNED_PAYLOAD


def test_s3_refuses_a_body_that_is_not_the_signed_one() -> None:
    request = _put(hashlib.sha256(b"other").hexdigest())
    assert _failure(request, _now(request), "s3") is Failure.PAYLOAD_MISMATCH


def test_a_streamed_bodys_hash_is_handed_on() -> None:
    digest = hashlib.sha256(b"to come").hexdigest()
    request = _put(digest, b"")
    verified = verify(request, KEYS, _now(request), service="s3", streamed=True)
    assert (verified.payload_hash, verified.chunk_signing) == (digest, None)


@pytest.mark.parametrize("payload", ["rubbish", "0" * 63, "UNSIGNED", "A" * 64])
def test_s3_refuses_another_word_for_the_body(payload: str) -> None:
    request = _put(payload)
    assert _failure(request, _now(request), "s3") is Failure.NO_PAYLOAD_HASH


def test_s3_wants_to_know_the_bodys_hash() -> None:
    request = signed(SigV4Auth(boto_keys(), "s3", "us-east-1"), "GET", f"{HOST}/b/k")
    assert _failure(request, _now(request), "s3") is Failure.NO_PAYLOAD_HASH


@pytest.mark.parametrize(
    "payload", ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]
)
def test_what_signs_the_chunks_comes_with_a_streaming_body(payload: str) -> None:
    request = _put(payload, b"")
    verified = verify(request, KEYS, _now(request), service="s3", streamed=True)
    assert verified.chunk_signing is not None
    assert request.headers["authorization"].endswith(verified.chunk_signing.seed)
    assert verified.chunk_signing.timestamp == request.headers["x-amz-date"]


def test_other_services_do_not_take_an_unsigned_body() -> None:
    request = signed(
        SigV4Auth(boto_keys(), "sagemaker", "us-east-1"),
        "POST",
        "https://127.0.0.1/endpoints/e/invocations",
        {},
        b"picture",
        {"payload_signing_enabled": False},
    )
    assert request.headers["x-amz-content-sha256"] == UNSIGNED_PAYLOAD
    assert _failure(request, _now(request), "sagemaker") is Failure.MISMATCH


def test_a_key_of_another_encoding_is_the_same_key() -> None:
    request = signed(S3SigV4Auth(boto_keys(), "s3", "us-east-1"), "GET", f"{HOST}/b/%C3%A4~")
    lower = replace(request, path="/b/%c3%a4%7e")
    verify(lower, KEYS, _now(request), service="s3")


def test_times_are_read_and_written_alike() -> None:
    assert parse_basic("20150830T123600Z") == 1440938160
    assert basic_format(1440938160) == "20150830T123600Z"
    assert parse_basic("20150830T126000Z") is None
