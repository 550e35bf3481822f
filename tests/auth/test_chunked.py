"""aws-chunked bodies come out whole, checked, and the same however they are cut."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.auth import AwsChunkedDecoder, ChunkSigning, Verified, payload_decoder
from kennel.auth.signing import signing_key
from kennel.errors import AwsError, ClientError
from kennel.identity import Principal
from kennel.wire import HttpRequest
from tests.auth.chunk_writer import encoded

# The worked examples of "Signature Calculations for the Authorization Header: Transferring Payload
# in Multiple Chunks" and "… Including Trailing Headers", S3 API reference: 66,560 letters a in
# chunks of 64 KiB and 1 KiB.
EXAMPLE = ChunkSigning(
    signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1", "s3"),
    "20130524T000000Z",
    "20130524/us-east-1/s3/aws4_request",
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
)
EXAMPLE_SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
SIGNING = ChunkSigning(b"key", "20240101T000000Z", "20240101/r/s3/aws4_request", "5eed")
CHECKSUM = "x-amz-checksum-crc32"


def _example(signatures: tuple[str, ...] = EXAMPLE_SIGNATURES) -> bytes:
    chunks = (b"a" * 65_536, b"a" * 1_024, b"")
    return b"".join(
        f"{len(chunk):x};chunk-signature={signature}\r\n".encode() + chunk + b"\r\n"
        for chunk, signature in zip(chunks, signatures, strict=True)
    )


def _decoded(decoder: AwsChunkedDecoder, body: bytes, cuts: list[int] | None = None) -> bytes:
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts or []), len(body)]
    output = b"".join(decoder.feed(body[start:end]) for start, end in pairwise(edges))
    decoder.finish()
    return output


def _error(decoder: AwsChunkedDecoder, body: bytes) -> str:
    with pytest.raises(AwsError) as caught:
        _decoded(decoder, body)
    return caught.value.code


def test_the_s3_references_example_is_accepted() -> None:
    decoder = AwsChunkedDecoder(66_560, EXAMPLE)
    assert _decoded(decoder, _example()) == b"a" * 66_560


@pytest.mark.parametrize("end_of_line", ["\r\n", "\n"])  # the reference shows the second
def test_the_s3_references_example_with_a_trailer_is_accepted(end_of_line: str) -> None:
    seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
    signatures = (
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    )
    trailer = f"x-amz-checksum-crc32c:sOO8/Q=={end_of_line}x-amz-trailer-signature:"
    trailer += "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    body = _example(signatures)[: -len("\r\n")] + trailer.encode()
    announced = frozenset({"x-amz-checksum-crc32c"})
    decoder = AwsChunkedDecoder(66_560, replace(EXAMPLE, seed=seed), announced)
    assert _decoded(decoder, body) == b"a" * 66_560
    assert decoder.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


@pytest.mark.parametrize("position", range(3))
def test_each_signature_of_the_example_counts(position: int) -> None:
    signatures = list(EXAMPLE_SIGNATURES)
    signatures[position] = signatures[position][::-1]
    decoder = AwsChunkedDecoder(66_560, EXAMPLE)
    assert _error(decoder, _example(tuple(signatures))) == "SignatureDoesNotMatch"


def _body(
    chunks: list[bytes], *, sign: bool = False, trailers: dict[str, str] | None = None
) -> bytes:
    return encoded(SIGNING, chunks, sign=sign, trailers=trailers)


_chunks = st.lists(st.binary(min_size=1, max_size=40), max_size=5)
_cuts = st.lists(st.integers(0, 2_000), max_size=12)


@given(_chunks, _cuts, st.booleans(), st.booleans())
def test_any_cut_of_the_body_gives_the_same(
    chunks: list[bytes], cuts: list[int], sign: bool, trailer: bool
) -> None:
    trailers = {CHECKSUM: "AAAAAA=="} if trailer else {}
    body = _body(chunks, sign=sign, trailers=trailers)
    whole = b"".join(chunks)
    decoder = AwsChunkedDecoder(len(whole), SIGNING if sign else None, frozenset(trailers))
    assert _decoded(decoder, body, cuts) == whole
    assert decoder.trailers == trailers


@given(_chunks.filter(bool), st.data())
def test_one_changed_bit_is_refused_or_changes_nothing(
    chunks: list[bytes], data: st.DataObject
) -> None:
    body = _body(chunks, sign=True, trailers={CHECKSUM: "AAAAAA=="})
    at = data.draw(st.integers(0, len(body) - 1))
    changed = body[:at] + bytes([body[at] ^ 1 << data.draw(st.integers(0, 7))]) + body[at + 1 :]
    decoder = AwsChunkedDecoder(len(b"".join(chunks)), SIGNING, frozenset({CHECKSUM}))
    try:
        output = _decoded(decoder, changed)
    except AwsError:
        return
    # Upper case for lower case, or a blank at a line's end: nothing that was signed.
    assert output == b"".join(chunks)
    assert decoder.trailers == {CHECKSUM: "AAAAAA=="}


@given(st.binary(max_size=200), st.booleans())
def test_rubbish_is_refused_and_nothing_else_happens(body: bytes, sign: bool) -> None:
    decoder = AwsChunkedDecoder(10, SIGNING if sign else None)
    with contextlib.suppress(ClientError):
        assert len(_decoded(decoder, body)) == 10


@pytest.mark.parametrize(
    ("length", "body", "code"),
    [
        (3, b"3\r\nabc\r\n", "IncompleteBody"),
        (3, b"3\r\nabc\r\n0\r\n", "IncompleteBody"),
        (3, b"2\r\nab\r\n0\r\n\r\n", "IncompleteBody"),
        (3, b"4\r\nabcd\r\n0\r\n\r\n", "IncompleteBody"),
        (3, b"3\r\nabcd\r\n0\r\n\r\n", "IncompleteBody"),
        (3, b"3\r\nabc\r\n0\r\n\r\nmore", "IncompleteBody"),
        (3, b"x\r\nabc\r\n0\r\n\r\n", "InvalidChunkSizeError"),
        (3, b"-3\r\nabc\r\n0\r\n\r\n", "InvalidChunkSizeError"),
        (3, b"3 \r\nabc\r\n0\r\n\r\n", "InvalidChunkSizeError"),
        (3, b"3\nabc\r\n0\r\n\r\n", "InvalidRequest"),
        (3, b"3;" + b"x" * 5_000, "InvalidRequest"),
        (3, b"3\r\nabc\r\n0\r\nx-amz-meta-a:1\r\n\r\n", "InvalidRequest"),
        (3, b"3\r\nabc\r\n0\r\nrubbish\r\n\r\n", "InvalidRequest"),
        (0, b"ffffffffffff\r\n", "IncompleteBody"),
    ],
)
def test_a_body_that_is_not_what_it_said_is_refused(length: int, body: bytes, code: str) -> None:
    assert _error(AwsChunkedDecoder(length), body) == code


def test_an_announced_trailer_must_come() -> None:
    decoder = AwsChunkedDecoder(0, None, frozenset({CHECKSUM}))
    assert _error(decoder, b"0\r\n\r\n") == "InvalidRequest"


def test_a_changed_trailer_is_refused() -> None:
    body = _body([b"abc"], sign=True, trailers={CHECKSUM: "AAAAAA=="})
    decoder = AwsChunkedDecoder(3, SIGNING, frozenset({CHECKSUM}))
    changed = body.replace(b"AAAAAA==", b"BAAAAA==")
    assert _error(decoder, changed) == "SignatureDoesNotMatch"


def test_signed_trailers_need_their_signature() -> None:
    body = _body([b"abc"], sign=True) + b"\r\n"
    body = body[:-4] + f"{CHECKSUM}:AAAAAA==\r\n\r\n".encode()
    decoder = AwsChunkedDecoder(3, SIGNING, frozenset({CHECKSUM}))
    assert _error(decoder, body) == "IncompleteBody"


def _verified(payload: str) -> Verified:
    principal = Principal.root("000011112222")
    signing = SIGNING if payload.startswith("STREAMING") else None
    return Verified(principal, "AKIA", "s3", "r", payload, False, signing)


def _put(**headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest("PUT", "/b/k", "", named)


def test_only_a_streaming_body_is_decoded() -> None:
    assert payload_decoder(_put(), _verified("UNSIGNED-PAYLOAD")) is None
    assert payload_decoder(_put(), _verified("0" * 64)) is None


@pytest.mark.parametrize("length", ["", "-1", "three", "²"])
def test_a_streaming_body_must_say_how_long_it_is(length: str) -> None:
    request = _put(x_amz_decoded_content_length=length)
    with pytest.raises(AwsError) as caught:
        payload_decoder(request, _verified("STREAMING-UNSIGNED-PAYLOAD-TRAILER"))
    assert (caught.value.code, caught.value.status) == ("MissingContentLength", 411)


def test_the_decoder_follows_the_requests_headers() -> None:
    request = _put(x_amz_decoded_content_length="3", x_amz_trailer="X-Amz-Checksum-CRC32")
    unsigned = payload_decoder(request, _verified("STREAMING-UNSIGNED-PAYLOAD-TRAILER"))
    assert unsigned is not None
    body = _body([b"abc"], trailers={CHECKSUM: "AAAAAA=="})
    assert _decoded(unsigned, body) == b"abc"
    assert unsigned.trailers == {CHECKSUM: "AAAAAA=="}
    signed = payload_decoder(request, _verified("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"))
    assert signed is not None
    body = _body([b"abc"], sign=True, trailers={CHECKSUM: "AAAAAA=="})
    assert _decoded(signed, body) == b"abc"
    plain = payload_decoder(request, _verified("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"))
    assert plain is not None
    assert _decoded(plain, _body([b"abc"], sign=True)) == b"abc"
