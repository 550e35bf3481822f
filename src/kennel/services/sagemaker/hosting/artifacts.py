"""A model's files: fetched from S3 as the model's role, and laid out as its container expects."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kennel.errors import AwsError
from kennel.runtimes.archive import ArchiveError, extract

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["ModelUnusable", "lay_out_code", "lay_out_model"]


class ModelUnusable(Exception):
    """Why an endpoint can't serve its model, in one sentence for FailureReason."""


def lay_out_model(ctx: Context, url: str, folder: Path) -> None:
    """Unpacks the archive at an S3 URL into `folder`, empty or not there before.

    A model without an archive gets an empty folder. Raises ModelUnusable.
    """
    if not url:
        folder.mkdir(parents=True, exist_ok=True)
        return
    _fetch_and_unpack(ctx, url, folder, "model data")


def lay_out_code(ctx: Context, url: str, folder: Path) -> None:
    """Unpacks a source archive (SAGEMAKER_SUBMIT_DIRECTORY as an S3 URL). Raises ModelUnusable."""
    _fetch_and_unpack(ctx, url, folder, "source directory")


def _fetch_and_unpack(ctx: Context, url: str, folder: Path, noun: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or len(parts.path) < 2:
        raise ModelUnusable(f"The {noun} {url} is not the S3 URL of an archive.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    archive = folder.parent / f".{folder.name}.tar"
    try:
        found = ctx.call("s3", "GetObject", Bucket=parts.netloc, Key=parts.path[1:])
        with found["Body"] as slices:
            slices.copy_to(archive)
        shutil.rmtree(folder, ignore_errors=True)
        extract(str(archive), str(folder))
    except AwsError as error:
        raise ModelUnusable(
            f"Failed to download {noun} at {url}: {error.code}: {error.message}"
        ) from error
    except ArchiveError as error:
        raise ModelUnusable(f"The {noun} at {url} can't be used: {error}") from error
    finally:
        archive.unlink(missing_ok=True)
