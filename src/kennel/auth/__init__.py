"""Who sent a request, and whether they may do what it asks."""

from kennel.auth.authorizer import Decision, RecordingAuthorizer, Usage
from kennel.auth.chunked import AwsChunkedDecoder, payload_decoder
from kennel.auth.signature import UNSIGNED_PAYLOAD, Verified, verify
from kennel.auth.signing import ChunkSigning

__all__ = [
    "UNSIGNED_PAYLOAD",
    "AwsChunkedDecoder",
    "ChunkSigning",
    "Decision",
    "RecordingAuthorizer",
    "Usage",
    "Verified",
    "payload_decoder",
    "verify",
]
