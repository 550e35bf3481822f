"""aws-chunked bodies, as a client writes them."""

from __future__ import annotations

import hashlib
import hmac

from kennel.auth import ChunkSigning

__all__ = ["encoded", "signature_of"]


def signature_of(signing: ChunkSigning, kind: str, previous: str, *hashed: bytes) -> str:
    """The signature of a chunk ("PAYLOAD") or of the trailers ("TRAILER")."""
    lines = [f"AWS4-HMAC-SHA256-{kind}", signing.timestamp, signing.scope, previous]
    lines += [hashlib.sha256(one).hexdigest() for one in hashed]
    return hmac.digest(signing.key, "\n".join(lines).encode(), "sha256").hex()


def encoded(
    signing: ChunkSigning,
    chunks: list[bytes],
    *,
    sign: bool = False,
    trailers: dict[str, str] | None = None,
) -> bytes:
    """The chunks as a body, signed or not, with its last chunk and trailers behind them."""
    body, previous = b"", signing.seed
    for chunk in [*chunks, b""]:
        extension = ""
        if sign:
            previous = signature_of(signing, "PAYLOAD", previous, b"", chunk)
            extension = f";chunk-signature={previous}"
        body += f"{len(chunk):x}{extension}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
    if trailers:
        body += "".join(f"{name}:{value}\r\n" for name, value in trailers.items()).encode()
        if sign:
            text = "".join(f"{name}:{trailers[name]}\n" for name in sorted(trailers))
            signature = signature_of(signing, "TRAILER", previous, text.encode())
            body += f"x-amz-trailer-signature:{signature}\r\n".encode()
    return body + b"\r\n"
