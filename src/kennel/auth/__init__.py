"""Who sent a request, and whether they may do what it asks."""

from kennel.auth.authorizer import IamMode, PolicyAuthorizer
from kennel.auth.chunked import AwsChunkedDecoder, payload_decoder
from kennel.auth.claim import claimed_key
from kennel.auth.errors import as_aws_error
from kennel.auth.failures import AuthenticationError, Failure
from kennel.auth.post_policy import check_policy, form_time, verify_form
from kennel.auth.signature import UNSIGNED_PAYLOAD, Verified, unsigned, verify
from kennel.auth.signing import ChunkSigning

__all__ = [
    "UNSIGNED_PAYLOAD",
    "AuthenticationError",
    "AwsChunkedDecoder",
    "ChunkSigning",
    "Failure",
    "IamMode",
    "PolicyAuthorizer",
    "Verified",
    "as_aws_error",
    "check_policy",
    "claimed_key",
    "form_time",
    "payload_decoder",
    "unsigned",
    "verify",
    "verify_form",
]
