"""Application Auto Scaling's errors, with the names that botocore's model gives them.

ClientError
├── ValidationException            (kennel.errors) a parameter is wrong, or it has no such resource
├── ObjectNotFoundException        no such target, policy or scheduled action
├── ResourceNotFoundException      nothing of that ARN can be tagged
├── LimitExceededException         a quota is used up
├── TooManyTagsException           a target has no room for more tags
├── InvalidNextTokenException      no page came with that token
└── FailedResourceAccessException  CloudWatch refused the alarms of a policy
"""

from __future__ import annotations

from kennel.errors import ClientError, ValidationException

__all__ = [
    "FailedResourceAccessException",
    "InvalidNextTokenException",
    "LimitExceededException",
    "ObjectNotFoundException",
    "ResourceNotFoundException",
    "TooManyTagsException",
    "ValidationException",
]


class ObjectNotFoundException(ClientError):
    """There is no such target, policy or scheduled action."""


class ResourceNotFoundException(ClientError):
    """No scalable target has that ARN."""


class LimitExceededException(ClientError):
    """A quota is used up."""


class TooManyTagsException(ClientError):
    """A scalable target has no room for more tags."""


class InvalidNextTokenException(ClientError):
    """The token is not one that a page of this list came with."""


class FailedResourceAccessException(ClientError):
    """CloudWatch refused what a policy's alarms need."""
