"""What S3 calls things: buckets, keys, versions, owners."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from urllib.parse import quote

from kennel.services.s3.errors import InvalidArgument, InvalidBucketName, KeyTooLongError

__all__ = [
    "NULL_VERSION",
    "canonical_id",
    "check_bucket_name",
    "decode_key",
    "encode_key",
    "is_version_id",
    "listed",
    "make_upload_id",
    "make_version_id",
]

NULL_VERSION = "null"
"""The id of a version that was put while the bucket had no versioning, or had it suspended."""

_KEY_LIMIT = 1024  # bytes of UTF-8
_ALPHABET = string.ascii_letters + string.digits

# "General purpose bucket naming rules", S3 User Guide.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def check_bucket_name(name: str) -> None:
    """Raises InvalidBucketName for a name that S3 would not give to a new bucket."""
    fits = _BUCKET.fullmatch(name) and ".." not in name and not _IP_ADDRESS.fullmatch(name)
    if not fits or name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES):
        raise InvalidBucketName("The specified bucket is not valid.", BucketName=name)


def encode_key(key: str) -> bytes:
    """A key as it is stored and ordered. Raises KeyTooLongError, InvalidArgument."""
    try:
        encoded = key.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument("The key is not valid UTF-8.", ArgumentName="Key") from error
    if not encoded:
        raise InvalidArgument("The key is empty.", ArgumentName="Key", ArgumentValue="")
    if len(encoded) > _KEY_LIMIT:
        raise KeyTooLongError("Your key is too long", Size=len(encoded), MaxSizeAllowed=_KEY_LIMIT)
    return encoded


def decode_key(key: bytes) -> str:
    """A stored key as text."""
    return key.decode()


def listed(text: str, encoding: str) -> str:
    """A key, prefix, delimiter or marker as a listing shows it; `encoding` is "url" or empty."""
    return quote(text, safe="/*-._~") if encoding else text


def make_version_id() -> str:
    """A new version's id: opaque, 32 characters as AWS's are."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(32))


def is_version_id(text: str) -> bool:
    """Whether a version may have that id: `null`, or what `make_version_id` gives."""
    return text == NULL_VERSION or (len(text) == 32 and set(text) <= set(_ALPHABET))


def make_upload_id(now: float) -> str:
    """A new upload's id. Ids of one key ascend with the time they began, as listings want it."""
    return f"{int(now * 1e6):014x}{secrets.token_hex(24)}"


def canonical_id(account_id: str) -> str:
    """The account's canonical user id, by which S3 names owners: 64 hexadecimal digits."""
    return hashlib.sha256(f"canonical user {account_id}".encode()).hexdigest()
