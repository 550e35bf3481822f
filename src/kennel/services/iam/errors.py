"""IAM's errors, with the codes and statuses of botocore's model.

ClientError
├── NoSuchEntityException               a user, role, policy, … that is not there
├── EntityAlreadyExistsException        a name that is taken
├── DeleteConflictException             something still hangs on what should be deleted
├── LimitExceededException              a quota of the account
├── MalformedPolicyDocumentException    a policy's text
├── InvalidInputException               a parameter's value
├── UnmodifiableEntityException         what only its service may change
└── ValidationError                     parameters that do not go together
"""

from __future__ import annotations

from kennel.errors import ClientError

__all__ = [
    "DeleteConflictException",
    "EntityAlreadyExistsException",
    "InvalidInputException",
    "LimitExceededException",
    "MalformedPolicyDocumentException",
    "NoSuchEntityException",
    "UnmodifiableEntityException",
    "ValidationError",
]


class NoSuchEntityException(ClientError):
    """What the call names is not there."""

    code = "NoSuchEntity"
    status = 404


class EntityAlreadyExistsException(ClientError):
    """The name is taken."""

    code = "EntityAlreadyExists"
    status = 409


class DeleteConflictException(ClientError):
    """Something still hangs on what should be deleted."""

    code = "DeleteConflict"
    status = 409


class LimitExceededException(ClientError):
    """A quota of the account would be exceeded."""

    code = "LimitExceeded"
    status = 409


class MalformedPolicyDocumentException(ClientError):
    """The policy's text breaks the policy grammar; the message says how."""

    code = "MalformedPolicyDocument"


class InvalidInputException(ClientError):
    """A parameter has a value that IAM does not take."""

    code = "InvalidInput"


class UnmodifiableEntityException(ClientError):
    """A service-linked role: only its service may change it."""

    code = "UnmodifiableEntity"


class ValidationError(ClientError):
    """Parameters that do not go together."""
