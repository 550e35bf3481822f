"""Whatever went wrong with a request, as the AWS error that its caller gets."""

from __future__ import annotations

import errno
import logging

from kennel.auth import AuthenticationError, as_aws_error
from kennel.errors import (
    AwsError,
    ClientError,
    InternalFailure,
    NotImplementedByKennel,
    ServerError,
)
from kennel.wire import UnknownOperation

__all__ = ["failure_of"]

log = logging.getLogger(__name__)


class UnknownOperationException(ClientError):
    """The service has no such operation."""

    status = 404


class InvalidAction(ClientError):
    """The query services' name for it."""


class MethodNotAllowed(ClientError):
    """S3's name for it."""

    status = 405


class InternalError(ServerError):
    """S3's name for an InternalFailure."""


class MaxMessageLengthExceeded(ClientError):
    """S3's name for a RequestEntityTooLargeException."""


_OF_S3: dict[str, type[ClientError] | type[ServerError]] = {
    "InternalFailure": InternalError,
    "RequestEntityTooLargeException": MaxMessageLengthExceeded,
}
_UNKNOWN_OPERATION: dict[str, type[ClientError]] = {
    "query": InvalidAction,
    "ec2": InvalidAction,
    "rest-xml": MethodNotAllowed,
}


def failure_of(error: Exception, protocol: str, request_id: str) -> AwsError:
    """The error to reply with; what is a defect of Kennel's own is logged with its traceback."""
    failure = _failure_of(error, protocol, request_id)
    if protocol == "rest-xml" and failure.code in _OF_S3:
        return _OF_S3[failure.code](failure.message)
    return failure


def _failure_of(error: Exception, protocol: str, request_id: str) -> AwsError:
    if isinstance(error, AwsError):
        return error
    if isinstance(error, AuthenticationError):
        return as_aws_error(error, protocol)
    if isinstance(error, UnknownOperation) and not error.served:
        return NotImplementedByKennel(str(error))
    if isinstance(error, UnknownOperation):
        return _UNKNOWN_OPERATION.get(error.protocol, UnknownOperationException)(str(error))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        log.error("the disk is full: %s", error)
        return InternalFailure(
            "The plane's disk is full. Nothing was stored. Free some space and try again."
        )
    log.error("request %s failed", request_id, exc_info=error)
    return InternalFailure(
        "Kennel failed to do this, by a defect of its own. Its log has the details under the "
        f"request id {request_id}."
    )
