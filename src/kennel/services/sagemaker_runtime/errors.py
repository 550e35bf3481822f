"""The errors of InvokeEndpoint, with the names that botocore's model gives them.

ClientError
├── ValidationError      the endpoint or variant is not there, or the request is out of bounds
└── ModelError           the model answered with an error, or not in time; HTTP 424
ServerError
└── ServiceUnavailable   no instance could take the request
"""

from __future__ import annotations

from kennel.errors import ClientError, ServerError

__all__ = ["ModelError", "ServiceUnavailable", "ValidationError"]


class ValidationError(ClientError):
    """The request can't be served as it is."""


class ModelError(ClientError):
    """The model (the user's container) answered 4xx or 5xx, or did not answer."""

    status = 424


class ServiceUnavailable(ServerError):
    """Every instance is gone or has too much to do.

    Not ModelNotReadyException (429): botocore's model keeps that for serverless variants and
    multi-model endpoints.
    """

    status = 503
