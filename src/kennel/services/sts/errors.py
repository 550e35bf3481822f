"""STS's errors.

ClientError
├── AccessDenied                    the role, or what the caller is, does not allow it
├── PackedPolicyTooLargeException   session policies that are too long together
└── ValidationError                 a parameter is out of bounds
"""

from __future__ import annotations

from kennel.errors import ClientError

__all__ = ["AccessDenied", "PackedPolicyTooLargeException", "ValidationError"]


class AccessDenied(ClientError):
    """The caller may not do this."""

    status = 403


class PackedPolicyTooLargeException(ClientError):
    """Session policies are too long together."""

    code = "PackedPolicyTooLarge"


class ValidationError(ClientError):
    """A parameter is out of bounds."""
