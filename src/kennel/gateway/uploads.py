"""Streamed request bodies on their way to disk: S3's objects and parts."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

from kennel.auth import AuthenticationError, Failure, Verified, payload_decoder
from kennel.gateway.bodies import Receive, spool
from kennel.store import BlobStore, BlobWriter, StagedBlob
from kennel.wire import HttpRequest

__all__ = ["Upload", "receive_upload"]

# A checksum header or trailer -> the blob store's name of the hash.
_CHECKSUMS = {
    "x-amz-checksum-crc32": "crc32",
    "x-amz-checksum-crc32c": "crc32c",
    "x-amz-checksum-crc64nvme": "crc64nvme",
    "x-amz-checksum-sha1": "sha1",
    "x-amz-checksum-sha256": "sha256",
}

_HEX_LENGTH = 64  # characters of a SHA-256 in hex


class Upload:
    """A body that is on disk but for its last piece."""

    def __init__(
        self, writer: BlobWriter, last: bytes, verified: Verified, trailers: dict[str, str]
    ) -> None:
        self._writer = writer
        self._last = last
        self._verified = verified
        self._trailers = trailers
        self._staged: StagedBlob | None = None

    def finish(self) -> tuple[dict[str, str], dict[str, Any]]:
        """Writes the rest, checks the signed hash of the whole, and gives the trailers and the
        `Body` parameter. Runs on a pool thread."""
        if self._last:
            self._writer.write(self._last)
        self._staged = self._writer.finish()
        self._check_hash(self._staged)
        return self._trailers, {"Body": self._staged}

    def _check_hash(self, staged: StagedBlob) -> None:
        declared = self._verified.payload_hash
        if len(declared) != _HEX_LENGTH:
            return  # unsigned, or chunks that carry their own signatures
        actual = staged.digests["sha256"].hex()
        if declared != actual:
            raise AuthenticationError(
                Failure.PAYLOAD_MISMATCH,
                ClientComputedContentSHA256=declared,
                S3ComputedContentSHA256=actual,
            )

    def close(self) -> None:
        """Drops what was written unless a service has kept it."""
        if self._staged is None:
            self._writer.abort()
        else:
            self._staged.discard()


async def receive_upload(
    request: HttpRequest,
    verified: Verified | None,
    receive: Receive,
    blobs: BlobStore,
    pool: Executor,
) -> Upload:
    """Streams the request's body to disk. Raises what the body's coding or the disk has to say."""
    assert verified is not None
    writer = blobs.writer(_hashes(request, verified))
    try:
        decoder = payload_decoder(request, verified)
        last = await spool(receive, writer, pool, decoder)
    except BaseException:
        writer.abort()
        raise
    return Upload(writer, last, verified, {} if decoder is None else dict(decoder.trailers))


def _hashes(request: HttpRequest, verified: Verified) -> set[str]:
    """The hashes that somebody will ask for: the signature's and the client's."""
    named = {name for name in request.headers if name in _CHECKSUMS}
    named |= {name.strip().lower() for name in request.headers.get("x-amz-trailer", "").split(",")}
    hashes = {_CHECKSUMS[name] for name in named if name in _CHECKSUMS}
    algorithm = request.headers.get("x-amz-sdk-checksum-algorithm", "").lower()
    if f"x-amz-checksum-{algorithm}" in _CHECKSUMS:
        hashes.add(algorithm)
    if len(verified.payload_hash) == _HEX_LENGTH:
        hashes.add("sha256")
    return hashes
