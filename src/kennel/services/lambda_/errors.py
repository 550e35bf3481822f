"""The errors of AWS Lambda, with the names that botocore's model gives them.

ClientError
├── InvalidParameterValueException   a parameter is out of bounds or means nothing here
├── InvalidRequestContentException   the event is no JSON
├── InvalidZipFileException          the function's code can't be unpacked
├── ResourceNotFoundException        no such function, version, policy or configuration; 404
├── ResourceConflictException        it is there already, or not ready for this; 409
├── PreconditionFailedException      the RevisionId is not the latest; 412
├── RequestEntityTooLargeException   the archive is above the limit; 413
├── RequestTooLargeException         the event is above the limit; 413
├── PolicyLengthExceededException    the resource policy is above 20 KB
├── ProvisionedConcurrencyConfigNotFoundException  nothing is provisioned for this; 404
└── TooManyRequestsException         no environment is free and none may be added; 429
ServerError
└── ServiceException                 an environment could not be made; 500
"""

from __future__ import annotations

from typing import Any

from kennel.errors import ClientError, ServerError

__all__ = [
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "InvalidZipFileException",
    "PolicyLengthExceededException",
    "PreconditionFailedException",
    "ProvisionedConcurrencyConfigNotFoundException",
    "RequestEntityTooLargeException",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceNotFoundException",
    "ServiceException",
    "TooManyRequestsException",
]


class _User(ClientError):
    """Errors that Lambda marks as the caller's."""

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message, **{"Type": "User", **members})


class InvalidParameterValueException(_User):
    """A parameter is out of bounds or names something that can't be used."""


class InvalidRequestContentException(_User):
    """The event is no JSON."""


class InvalidZipFileException(_User):
    """The function's code could not be unpacked."""

    status = 502


class ResourceNotFoundException(_User):
    """There is no such function, version, policy or configuration."""

    status = 404


class ProvisionedConcurrencyConfigNotFoundException(_User):
    """The version or alias has no provisioned concurrency."""

    status = 404


class ResourceConflictException(_User):
    """It is there already, or in a state that does not let this happen."""

    status = 409


class PreconditionFailedException(_User):
    """The RevisionId is not that of the latest change."""

    status = 412


class RequestEntityTooLargeException(_User):
    """The archive is larger than what can be uploaded directly."""

    status = 413


class RequestTooLargeException(_User):
    """The event is larger than an invocation takes."""

    status = 413


class PolicyLengthExceededException(_User):
    """The function's resource policy would be too long."""


class TooManyRequestsException(_User):
    """No environment is free and none may be added. `Reason` says which limit it was."""

    status = 429


class ServiceException(ServerError):
    """An environment could not be made, for a reason that is not the function's."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Type="Service")
