"""AWS's protocols, read from botocore's own service models."""

from kennel.wire.codec import decode, encode
from kennel.wire.errors import encode_error
from kennel.wire.identify import Target, UnknownOperation, identify
from kennel.wire.models import operation_model, service_model
from kennel.wire.request import HttpRequest, HttpResponse
from kennel.wire.validation import validate

__all__ = [
    "HttpRequest",
    "HttpResponse",
    "Target",
    "UnknownOperation",
    "decode",
    "encode",
    "encode_error",
    "identify",
    "operation_model",
    "service_model",
    "validate",
]
