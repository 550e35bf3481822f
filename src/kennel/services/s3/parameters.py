"""Families of parameters that several operations take."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["CHECKSUM_VALUES", "PROPERTY_PARAMETERS", "READ_PARAMETERS", "takes"]

F = TypeVar("F", bound=Callable[..., Any])

CHECKSUM_VALUES = (
    "ChecksumCRC32",
    "ChecksumCRC32C",
    "ChecksumCRC64NVME",
    "ChecksumSHA1",
    "ChecksumSHA256",
    "ChecksumSHA512",
    "ChecksumMD5",
    "ChecksumXXHASH64",
    "ChecksumXXHASH3",
    "ChecksumXXHASH128",
)
"""The members that carry a checksum's base64 value."""

PROPERTY_PARAMETERS = (
    "BucketKeyEnabled",
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "SSEKMSKeyId",
    "ServerSideEncryption",
    "StorageClass",
    "WebsiteRedirectLocation",
)
"""What a new object is given beside its bytes."""

READ_PARAMETERS = (
    "ChecksumMode",
    "ExpectedBucketOwner",
    "IfMatch",
    "IfModifiedSince",
    "IfNoneMatch",
    "IfUnmodifiedSince",
    "PartNumber",
    "Range",
    "RequestPayer",
    "ResponseCacheControl",
    "ResponseContentDisposition",
    "ResponseContentEncoding",
    "ResponseContentLanguage",
    "ResponseContentType",
    "ResponseExpires",
    "VersionId",
)
"""What GetObject and HeadObject take beside bucket and key."""


def takes(*names: str) -> Callable[[F], F]:
    """Lets an operation take the named parameters through its `**values`.

    They become part of its signature, which is what says which parameters an operation supports;
    the dispatcher refuses any other.
    """

    def mark(function: F) -> F:
        signature = inspect.signature(function)
        fixed = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in names
        ]
        marked = signature.replace(parameters=[*fixed, *added])
        function.__signature__ = marked  # type: ignore[attr-defined]
        return function

    return mark
