"""S3's signed forms: the policy that says what a browser may upload, and its signature.

Sources: "Browser-based uploads using POST (AWS Signature Version 4)", "POST policy" and "POST
Object" in the Amazon S3 API reference.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kennel.auth.canonical import wire_bytes
from kennel.auth.claim import ALGORITHM, credential_parts
from kennel.auth.denials import AccessDenied
from kennel.auth.failures import AuthenticationError, Failure
from kennel.auth.keys import KeyFinder
from kennel.auth.signing import signing_key
from kennel.auth.timestamps import parse_basic
from kennel.auth.token import check_token
from kennel.errors import ClientError
from kennel.identity import Principal

__all__ = [
    "FormTooLarge",
    "FormTooSmall",
    "InvalidPolicyDocument",
    "check_policy",
    "form_time",
    "verify_form",
]

# Fields that no condition has to speak of.
_FREE = frozenset({"awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"})


class InvalidPolicyDocument(ClientError):
    """The form's policy is none."""


class FormTooLarge(ClientError):
    """The file is above what the policy allows."""

    code = "EntityTooLarge"


class FormTooSmall(ClientError):
    """The file is below what the policy asks for."""

    code = "EntityTooSmall"


def verify_form(fields: Mapping[str, str], directory: KeyFinder, now: float) -> Principal:
    """Who signed a form's policy, by version 4 or version 2. `fields` by lower-case name.

    Raises AuthenticationError.
    """
    if "policy" not in fields:
        raise AuthenticationError(Failure.UNSIGNED)
    fourth = "x-amz-signature" in fields
    if fourth:
        if fields.get("x-amz-algorithm") != ALGORITHM:
            raise AuthenticationError(Failure.UNSUPPORTED)
        text = fields.get("x-amz-credential", "")
        access_key_id, date, region, service = credential_parts(text, Failure.BAD_QUERY)
        if service != "s3":
            raise AuthenticationError(Failure.BAD_SCOPE, "the service must be s3")
    else:
        access_key_id = fields.get("awsaccesskeyid", "")
    credentials = directory.find(access_key_id)
    if credentials is None:
        raise AuthenticationError(Failure.UNKNOWN_KEY, AWSAccessKeyId=access_key_id)
    check_token(credentials, fields.get("x-amz-security-token", ""), now)
    policy, secret = wire_bytes(fields["policy"]), credentials.secret_access_key
    if fourth:
        expected = hmac.digest(signing_key(secret, date, region, "s3"), policy, "sha256").hex()
    else:
        expected = base64.b64encode(hmac.digest(secret.encode(), policy, "sha1")).decode()
    provided = fields.get("x-amz-signature" if fourth else "signature", "")
    if not hmac.compare_digest(expected.encode(), wire_bytes(provided)):
        raise AuthenticationError(
            Failure.MISMATCH, AWSAccessKeyId=access_key_id, SignatureProvided=provided
        )
    return credentials.principal


def form_time(fields: Mapping[str, str]) -> float:
    """The time that a form's signature bears, in seconds since the epoch; 0 by version 2. One of
    version 4 that says none is as old as can be."""
    if "x-amz-signature" not in fields:
        return 0.0
    return float(parse_basic(fields.get("x-amz-date", "")) or 1)


def check_policy(fields: Mapping[str, str], bucket: str, size: int, now: float) -> None:
    """Holds a form to its policy; `size` is the file's, in bytes.

    Raises AccessDenied for what the policy does not allow, FormTooLarge and FormTooSmall for the
    file's size, InvalidPolicyDocument for a policy that can't be read.
    """
    policy = _document(fields["policy"])
    if _time(policy.get("expiration")) < now:
        raise AccessDenied("Invalid according to Policy: Policy expired.")
    values = {**fields, "bucket": bucket}
    named: set[str] = set()
    for condition in _conditions(policy):
        kind, name, value = condition
        if kind == "content-length-range":
            _check_size(size, name, value)
            continue
        field = str(name).lower().removeprefix("$")
        named.add(field)
        given = values.get(field, "")
        if not (given.startswith(value) if kind == "starts-with" else given == value):
            raise AccessDenied(
                "Invalid according to Policy: Policy Condition failed: "
                f'["{kind}", "${field}", "{value}"]'
            )
    extra = [
        name for name in fields if name not in named | _FREE and not name.startswith("x-ignore-")
    ]
    if extra:
        raise AccessDenied(f"Invalid according to Policy: Extra input fields: {', '.join(extra)}")


def _document(text: str) -> dict[str, Any]:
    try:
        policy = json.loads(base64.b64decode(text, validate=True))
    except (ValueError, RecursionError) as error:  # binascii.Error is a ValueError
        raise InvalidPolicyDocument("Invalid Policy: Invalid JSON.") from error
    if not isinstance(policy, dict):
        raise InvalidPolicyDocument("Invalid Policy: Invalid JSON.")
    return policy


def _time(text: Any) -> float:
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        time = datetime.min
    if time.tzinfo is None:
        raise InvalidPolicyDocument(f"Invalid Policy: Invalid 'expiration' value: '{text}'")
    return time.timestamp()


def _conditions(policy: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    found: list[tuple[str, Any, Any]] = []
    for condition in policy.get("conditions") or ():
        match condition:
            case dict():
                found += [("eq", name, value) for name, value in condition.items()]
            case [("eq" | "starts-with") as kind, str(name), str(value)]:
                found.append((kind, name, value))
            case ["content-length-range", int(low), int(high)]:
                found.append(("content-length-range", low, high))
            case _:
                raise InvalidPolicyDocument(f"Invalid Policy: Invalid Condition: {condition}")
    return found


def _check_size(size: int, low: int, high: int) -> None:
    if size > high:
        raise FormTooLarge(
            "Your proposed upload exceeds the maximum allowed size",
            ProposedSize=size,
            MaxSizeAllowed=high,
        )
    if size < low:
        raise FormTooSmall(
            "Your proposed upload is smaller than the minimum allowed size",
            ProposedSize=size,
            MinSizeAllowed=low,
        )
