"""The errors of CloudWatch Logs, under AWS's names.

ClientError
├── InvalidParameterException
├── ResourceAlreadyExistsException
├── ResourceNotFoundException
└── TooManyTagsException
"""

from __future__ import annotations

from kennel.errors import ClientError

__all__ = [
    "InvalidParameterException",
    "ResourceAlreadyExistsException",
    "ResourceNotFoundException",
    "TooManyTagsException",
    "invalid_value",
]


class InvalidParameterException(ClientError):
    """A parameter is malformed, out of range or does not go with another."""


class ResourceAlreadyExistsException(ClientError):
    """The log group or stream to be made is there already."""


class ResourceNotFoundException(ClientError):
    """The log group or stream does not exist."""


class TooManyTagsException(ClientError):
    """A log group would have more than 50 tags. `resourceName` says which."""


def invalid_value(parameter: str, value: object, constraint: str) -> InvalidParameterException:
    """The error for a value that breaks the model's constraint, in AWS's words."""
    return InvalidParameterException(
        f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy "
        f"constraint: {constraint}"
    )
