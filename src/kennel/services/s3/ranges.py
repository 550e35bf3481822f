"""The Range header."""

from __future__ import annotations

import re
from typing import NamedTuple

from kennel.services.s3.errors import InvalidArgument, InvalidRange

__all__ = ["Span", "copy_range", "requested_range"]

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class Span(NamedTuple):
    """Bytes `start` up to and without `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


def requested_range(header: str, size: int) -> Span | None:
    """The bytes that a Range header asks for of an object of `size` bytes.

    None means the whole object with status 200: no header, one that can't be read, or several
    ranges, none of which S3 honours. Raises InvalidRange if it lies outside the object.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), size if not last else min(size, int(last) + 1)
        if last and int(last) < start:
            return None
    if start >= size:
        raise InvalidRange(
            "The requested range is not satisfiable",
            headers={"Content-Range": f"bytes */{size}"},
            ActualObjectSize=size,
            RangeRequested=header,
        )
    return Span(start, end)


def copy_range(header: str, size: int) -> Span:
    """The bytes of UploadPartCopy's CopySourceRange, which must name both ends inside the source.

    Raises InvalidArgument.
    """
    match = _RANGE.fullmatch(header)
    if match is None or not match.group(1) or not match.group(2):
        raise InvalidArgument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=header,
        )
    first, last = int(match.group(1)), int(match.group(2))
    if first > last or last >= size:
        raise InvalidArgument(
            f"Range specified is not valid for source object of size: {size}",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=header,
        )
    return Span(first, last + 1)
