"""Which file of a channel's folder an S3 object becomes. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kennel.services.sagemaker.naming import S3Location, s3_location
from kennel.services.sagemaker.training.errors import JobFault

__all__ = ["InputFile", "lay_out", "manifest_locations", "share_of"]

_LONGEST_NAME = 255  # bytes of one part of a path that Linux takes


@dataclass(frozen=True, slots=True)
class InputFile:
    """An object, and where it goes below the channel's folder: parts that are plain names."""

    source: S3Location
    parts: tuple[str, ...]


def lay_out(prefix: S3Location, keys: Iterable[str]) -> list[InputFile]:
    """The files of the objects under a prefix, in the keys' order.

    The prefix of an object is cut off; if it ends inside a name (`s3://b/tr` for `train/x`), that
    name is kept whole. Keys that end with a slash are consoles' folder marks and no files. Raises
    JobFault for a key that is no path inside the folder, and if a file is in another's way.
    """
    files = [
        InputFile(S3Location(prefix.bucket, key), _parts(prefix, key))
        for key in keys
        if not key.endswith("/")
    ]
    _check(files)
    return files


def share_of(keys: Sequence[str], host: int, hosts: int) -> list[str]:
    """The keys that one of several hosts gets where the data is sharded."""
    return list(keys[host::hosts])


def manifest_locations(manifest: S3Location, text: bytes) -> tuple[S3Location, list[str]]:
    """A manifest's prefix, and the whole key of each of its objects.

    A manifest is a JSON list of `{"prefix": "s3://bucket/…"}` and then suffixes. Raises JobFault.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad_manifest(manifest, f"it is not JSON ({error})") from error
    match document:
        case [{"prefix": str(uri)}, *suffixes] if suffixes:
            if not all(isinstance(suffix, str) for suffix in suffixes):
                raise _bad_manifest(manifest, "what follows the prefix must be strings")
            if not uri.startswith("s3://"):
                raise _bad_manifest(manifest, f"its prefix {uri} must start with s3://")
            prefix = s3_location(uri)
            # A prefix need not end with a slash; the names below it start after the last one.
            return (
                S3Location(prefix.bucket, prefix.key[: prefix.key.rfind("/") + 1]),
                [prefix.key + suffix for suffix in suffixes],
            )
    raise _bad_manifest(manifest, 'it must be a list of {"prefix": "s3://…"} and suffixes')


def _bad_manifest(manifest: S3Location, why: str) -> JobFault:
    return JobFault(f"ClientError: Data download failed:The manifest {manifest} is wrong: {why}.")


def _parts(prefix: S3Location, key: str) -> tuple[str, ...]:
    cut = len(prefix.key)
    if key == prefix.key or (cut and prefix.key[-1] != "/" and key[cut] != "/"):
        cut = prefix.key.rfind("/") + 1
    parts = tuple(part for part in key[cut:].split("/") if part)
    for part in parts:
        if part in (".", "..") or "\0" in part or len(part.encode()) > _LONGEST_NAME:
            raise JobFault(
                f"ClientError: Data download failed:The key {key} of bucket {prefix.bucket} can't "
                f"be a file in the channel's folder because of its part {part[:80]!r}. "
                "Rename the object."
            )
    return parts


def _check(files: Iterable[InputFile]) -> None:
    """No file may be where another file's folder must be. AWS fails such a job too, in these
    words [O]."""
    taken: dict[tuple[str, ...], InputFile] = {}
    for file in files:
        if file.parts in taken:
            raise _clash(file)
        taken[file.parts] = file
    for file in taken.values():
        for end in range(1, len(file.parts)):
            if file.parts[:end] in taken:
                raise _clash(taken[file.parts[:end]])


def _clash(file: InputFile) -> JobFault:
    return JobFault(
        f"ClientError: Data download failed:Failed to download data. Cannot download {file.source}"
        ", a previously downloaded file/folder clashes with it. Please check your s3 objects and "
        "ensure that there is no object that is both a folder as well as a file."
    )
