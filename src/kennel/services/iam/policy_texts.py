"""Policies as IAM and STS take them: read, or refused as MalformedPolicyDocument."""

from __future__ import annotations

import logging
from functools import lru_cache

from kennel.policy import PolicyDocument, PolicyError, PolicyKind, parse_policy
from kennel.services.iam.errors import MalformedPolicyDocumentException

__all__ = ["checked_policy", "read_policy"]

log = logging.getLogger(__name__)

_DENY_ALL = '{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"%s}}'


def checked_policy(text: str, kind: PolicyKind) -> PolicyDocument:
    """The policy. Raises MalformedPolicyDocumentException with the reason."""
    try:
        return parse_policy(text, kind)
    except PolicyError as error:
        raise MalformedPolicyDocumentException(str(error)) from None


@lru_cache(maxsize=512)
def read_policy(text: str, kind: PolicyKind = PolicyKind.IDENTITY) -> PolicyDocument:
    """A stored policy, parsed. One that can't be read (stored by a Kennel that checked less)
    denies everything: a Deny in it must not be lost."""
    try:
        return parse_policy(text, kind)
    except PolicyError as error:
        log.warning("A stored policy can't be read and denies everything: %s", error)
        return _deny_all(kind)


def _deny_all(kind: PolicyKind) -> PolicyDocument:
    if kind is PolicyKind.TRUST:
        return PolicyDocument("2012-10-17", ())  # nobody is let in
    return parse_policy(
        _DENY_ALL % (', "Principal": "*"' if kind is PolicyKind.RESOURCE else ""), kind
    )
