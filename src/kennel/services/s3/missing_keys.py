"""Who learns that an object is not there: only who may list the bucket.

Source: "GetObject", permissions, in the Amazon S3 API reference: without s3:ListBucket the answer
is 403 and not 404.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kennel.services.access import Access
from kennel.services.s3.errors import AccessDenied, NoSuchKey

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["told_to_listers"]


@contextmanager
def told_to_listers(ctx: Context, bucket: str) -> Iterator[None]:
    """Makes a NoSuchKey of the bucket an AccessDenied for a caller who may not list it."""
    try:
        yield
    except NoSuchKey:
        if ctx.dispatcher.allows(ctx, Access("s3:ListBucket", f"arn:aws:s3:::{bucket}")):
            raise
        raise AccessDenied("Access Denied") from None
