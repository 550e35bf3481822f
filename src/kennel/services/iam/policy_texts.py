"""Policies as IAM and STS take them: read, or refused as MalformedPolicyDocument."""

from __future__ import annotations

from kennel.policy import PolicyDocument, PolicyError, PolicyKind, parse_policy
from kennel.services.iam.errors import MalformedPolicyDocumentException

__all__ = ["checked_policy"]


def checked_policy(text: str, kind: PolicyKind) -> PolicyDocument:
    """The policy. Raises MalformedPolicyDocumentException with the reason."""
    try:
        return parse_policy(text, kind)
    except PolicyError as error:
        raise MalformedPolicyDocumentException(str(error)) from None
