"""Access key ids and secrets, of the form that AWS gives them.

An id is four letters (AKIA for keys that last, ASIA for sessions) and 80 bits in base 32: a one,
the 40 bits of the account id, and 39 random bits. That is how real ids carry their account
(A. Steele, "AWS Access Key ID formats", 2020), so GetAccessKeyInfo answers for real ids too.
"""

from __future__ import annotations

import base64
import binascii
import secrets

__all__ = ["account_of_key_id", "new_access_key_id", "new_secret"]

_RANDOM_BITS = 39
_ACCOUNT_BITS = 40


def new_access_key_id(prefix: str, account_id: str) -> str:
    """A random key id for the account. 39 random bits: the caller checks that it is free."""
    number = 1 << _ACCOUNT_BITS | int(account_id)
    number = number << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return prefix + base64.b32encode(number.to_bytes(10, "big")).decode()


def new_secret() -> str:
    """A secret access key: 240 random bits as 40 characters."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


def account_of_key_id(access_key_id: str) -> str | None:
    """The account id that a key id carries; None if it is not the id of a key."""
    if len(access_key_id) != 20 or access_key_id[:4] not in ("AKIA", "ASIA"):
        return None
    try:
        number = int.from_bytes(base64.b32decode(access_key_id[4:]), "big")
    except binascii.Error:
        return None
    return f"{number >> _RANDOM_BITS & (1 << _ACCOUNT_BITS) - 1:012d}"
