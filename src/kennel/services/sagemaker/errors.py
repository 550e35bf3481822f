"""SageMaker's errors, with the names that botocore's model gives them.

ClientError
├── ValidationException   (kennel.errors) a parameter is wrong, or there is no such resource
├── ResourceNotFound      there is no such resource
├── ResourceInUse         the name is taken, or the resource's status forbids this
└── ResourceLimitExceeded a quota of the account is used up
"""

from __future__ import annotations

from kennel.errors import ClientError, ValidationException

__all__ = ["ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound", "ValidationException"]


class ResourceNotFound(ClientError):
    """There is no resource of that name."""


class ResourceInUse(ClientError):
    """The name is taken, or the resource is in a status that forbids the operation."""


class ResourceLimitExceeded(ClientError):
    """The account's quota for this is used up."""
