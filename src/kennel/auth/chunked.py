"""S3's aws-chunked bodies, decoded as they come in.

A chunk is `SIZE-IN-HEX[;chunk-signature=HEX]\\r\\n`, that many bytes, `\\r\\n`; the last has size 0
and is followed by trailers, one `name:value` a line. Each signature covers the one before it, so
chunks can be neither changed nor exchanged. Sources: "Signature Calculations … Transferring
Payload in Multiple Chunks" and "… Including Trailing Headers" of the S3 API reference.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from enum import Enum, auto

from kennel.auth.canonical import wire_bytes
from kennel.auth.errors import as_aws_error
from kennel.auth.failures import AuthenticationError, Failure
from kennel.auth.signature import Verified
from kennel.auth.signing import ChunkSigning
from kennel.errors import ClientError
from kennel.wire import HttpRequest

__all__ = [
    "AwsChunkedDecoder",
    "IncompleteBody",
    "InvalidChunkSizeError",
    "InvalidRequest",
    "MissingContentLength",
    "payload_decoder",
]

_LINE_LIMIT = 4096  # bytes of a chunk's head or a trailer line
_TRAILERS_LIMIT = 16  # lines
_EMPTY_HASH = hashlib.sha256(b"").hexdigest()
_HEAD = re.compile(rb"([0-9A-Fa-f]{1,12})((?:;[!-~]*)?)")
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class IncompleteBody(ClientError):
    """The body is shorter, or longer, than its headers said."""


class InvalidRequest(ClientError):
    """The body is not what its headers promise."""


class InvalidChunkSizeError(ClientError):
    """A chunk's head can't be read."""

    status = 403


class MissingContentLength(ClientError):
    """The request does not say how long its decoded body is."""

    status = 411


class _State(Enum):
    HEAD = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILERS = auto()
    DONE = auto()


class AwsChunkedDecoder:
    """Takes the coding off a body and checks its signatures.

    `length` is what the decoded body must have (x-amz-decoded-content-length). `signing` is None
    for unsigned chunks. `trailers` names the trailers that the request announced
    (x-amz-trailer, in lower case). Bytes of a chunk are given out before its signature can be
    checked: nothing may be made of them until `finish` returns.
    """

    def __init__(
        self,
        length: int,
        signing: ChunkSigning | None = None,
        announced: frozenset[str] = frozenset(),
    ) -> None:
        self.trailers: dict[str, str] = {}
        self._missing = length
        self._signing = signing
        self._previous = signing.seed if signing is not None else ""
        self._announced = announced
        self._state = _State.HEAD
        self._line = bytearray()
        self._chunk_left = 0
        self._chunk_hash = hashlib.sha256()
        self._chunk_signature = ""
        self._chunk_is_last = False

    def feed(self, data: bytes) -> bytes:
        """The decoded bytes in the next piece of the body.

        Raises IncompleteBody, InvalidChunkSizeError, InvalidRequest or SignatureDoesNotMatch.
        """
        output: list[bytes] = []
        position = 0
        while position < len(data):
            if self._state is _State.DATA:
                piece = data[position : position + self._chunk_left]
                position += len(piece)
                self._take(piece)
                output.append(piece)
            elif self._state is _State.DONE:
                raise IncompleteBody("The request body goes on behind its last chunk.")
            else:
                position = self._read_line(data, position)
        return output[0] if len(output) == 1 else b"".join(output)

    def finish(self) -> None:
        """Says that the body has ended. Raises IncompleteBody if it should not have."""
        if self._state is not _State.DONE or self._missing:
            raise IncompleteBody(
                "You did not provide the number of bytes specified by the "
                "x-amz-decoded-content-length HTTP header, or the last chunk is missing."
            )
        lacking = self._announced - self.trailers.keys()
        if lacking:
            raise InvalidRequest(
                f"The trailer {', '.join(sorted(lacking))} was announced in x-amz-trailer "
                "and did not come."
            )

    def _take(self, piece: bytes) -> None:
        if self._signing is not None:
            self._chunk_hash.update(piece)
        self._chunk_left -= len(piece)
        if self._chunk_left == 0:
            self._state = _State.DATA_END

    def _read_line(self, data: bytes, position: int) -> int:
        """Reads up to the end of a line; handles the line if it is complete."""
        end = data.find(b"\n", position)
        stop = len(data) if end < 0 else end + 1
        self._line += data[position:stop]
        if len(self._line) > _LINE_LIMIT:
            raise InvalidRequest(f"A line of the chunked body has more than {_LINE_LIMIT} bytes.")
        if end >= 0:
            line = bytes(self._line)
            self._line.clear()
            if line[-2:] == b"\r\n":
                self._handle(line[:-2])
            elif self._state is _State.TRAILERS:
                # The S3 reference's own example of a signed trailer ends its line with \n alone.
                self._handle(line[:-1])
            else:
                raise InvalidRequest("A line of the chunked body does not end with CR LF.")
        return stop

    def _handle(self, line: bytes) -> None:
        if self._state is _State.HEAD:
            self._start_chunk(line)
        elif self._state is _State.DATA_END:
            if line:
                raise IncompleteBody("A chunk has more bytes than its head says.")
            self._end_chunk()
        else:
            self._trailer(line)

    def _start_chunk(self, line: bytes) -> None:
        match = _HEAD.fullmatch(line)
        if match is None:
            raise InvalidChunkSizeError("The head of a chunk can't be read.")
        size = int(match[1], 16)
        extension = match[2].decode().removeprefix(";")
        name, _, value = extension.partition("=")
        self._chunk_signature = value if name == "chunk-signature" else ""
        if size > self._missing:
            raise IncompleteBody(
                "The request body has more bytes than x-amz-decoded-content-length says."
            )
        self._missing -= size
        self._chunk_left = size
        if size:
            self._state = _State.DATA
            return
        self._check_chunk()
        self._state = _State.TRAILERS

    def _end_chunk(self) -> None:
        self._check_chunk()
        self._state = _State.HEAD

    def _check_chunk(self) -> None:
        signing = self._signing
        if signing is None:
            return
        self._previous = _checked(
            signing,
            f"AWS4-HMAC-SHA256-PAYLOAD\n{signing.timestamp}\n{signing.scope}\n{self._previous}\n"
            f"{_EMPTY_HASH}\n{self._chunk_hash.hexdigest()}",
            self._chunk_signature,
        )
        self._chunk_hash = hashlib.sha256()

    def _trailer(self, line: bytes) -> None:
        if not line:
            if self._lacks_signature():
                return  # some clients end the signed trailers with a blank line of their own
            self._end_trailers()
            return
        name, colon, value = line.decode("latin-1").partition(":")
        name = name.strip(" \t").lower()
        if not colon or len(self.trailers) >= _TRAILERS_LIMIT:
            raise InvalidRequest("The trailers of the chunked body can't be read.")
        if name != _TRAILER_SIGNATURE and name not in self._announced:
            raise InvalidRequest(f"The trailer {name} was not announced in x-amz-trailer.")
        self.trailers[name] = value.strip(" \t")

    def _lacks_signature(self) -> bool:
        return (
            self._signing is not None
            and bool(self._announced)
            and _TRAILER_SIGNATURE not in self.trailers
        )

    def _end_trailers(self) -> None:
        signature = self.trailers.pop(_TRAILER_SIGNATURE, "")
        signing = self._signing
        if signing is not None and self._announced:
            text = "".join(f"{name}:{self.trailers[name]}\n" for name in sorted(self.trailers))
            _checked(
                signing,
                f"AWS4-HMAC-SHA256-TRAILER\n{signing.timestamp}\n{signing.scope}\n"
                f"{self._previous}\n{hashlib.sha256(wire_bytes(text)).hexdigest()}",
                signature,
            )
        self._state = _State.DONE


def payload_decoder(request: HttpRequest, verified: Verified) -> AwsChunkedDecoder | None:
    """The decoder for a request's body; None if it comes as it is.

    Raises InvalidRequest if x-amz-decoded-content-length is not there.
    """
    if verified.chunk_signing is None:
        return None
    length = request.headers.get("x-amz-decoded-content-length", "")
    if not (length.isascii() and length.isdigit() and len(length) < 15):
        raise MissingContentLength("You must provide the x-amz-decoded-content-length HTTP header.")
    signed = not verified.payload_hash.startswith("STREAMING-UNSIGNED")
    announced = frozenset(
        name.strip().lower()
        for name in request.headers.get("x-amz-trailer", "").split(",")
        if name.strip() and verified.payload_hash.endswith("-TRAILER")
    )
    return AwsChunkedDecoder(int(length), verified.chunk_signing if signed else None, announced)


def _checked(signing: ChunkSigning, to_sign: str, provided: str) -> str:
    """The signature, if it is the one that came with the text."""
    expected = hmac.digest(signing.key, wire_bytes(to_sign), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), wire_bytes(provided)):
        error = AuthenticationError(
            Failure.MISMATCH, StringToSign=to_sign, SignatureProvided=provided
        )
        raise as_aws_error(error, "rest-xml")
    return expected
