"""Bringing the user's code to the code folder."""

from __future__ import annotations

import os
import shutil

from kennel.runtimes.archive import ArchiveError, extract
from kennel.runtimes.training.configuration import Configuration
from kennel.runtimes.training.errors import SourceError

__all__ = ["prepare"]

# A source archive holds scripts, at most with small data beside them.
_MAX_BYTES = 4 * 1024**3
_MAX_MEMBERS = 50_000


def prepare(configuration: Configuration) -> None:
    """Fills the code folder, unless it has content already (a job that was interrupted and goes
    on). Raises SourceError."""
    code = configuration.folders.code
    if os.path.isdir(code) and os.listdir(code):
        _require_entry_point(configuration)
        return
    source = _source(configuration)
    try:
        if os.path.isdir(source):
            if os.path.realpath(source) != os.path.realpath(code):
                shutil.copytree(source, code, dirs_exist_ok=True)
        else:
            extract(source, code, max_bytes=_MAX_BYTES, max_members=_MAX_MEMBERS)
    except ArchiveError as error:
        raise SourceError(str(error)) from error
    except OSError as error:
        raise SourceError(f"The source {source} can't be copied to {code}: {error}.") from error
    _require_entry_point(configuration)


def _source(configuration: Configuration) -> str:
    """The folder or archive that the code comes from."""
    archive = configuration.folders.archive
    if os.path.exists(archive):
        return archive
    local = configuration.submit_directory.removeprefix("file://")
    if os.path.exists(local):
        return local
    raise SourceError(
        f"The job's source {configuration.submit_directory} is not here: there is neither "
        f"{archive} nor such a folder or file. Give sagemaker_submit_directory an S3 URI of a "
        "tar.gz archive, or a folder of this machine."
    )


def _require_entry_point(configuration: Configuration) -> None:
    code = configuration.folders.code
    name = configuration.entry_point
    is_package = os.path.exists(os.path.join(code, "setup.py"))
    if is_package or os.path.isfile(os.path.join(code, name)):
        return
    found = ", ".join(sorted(os.listdir(code))[:20]) or "nothing"
    raise SourceError(
        f"The entry point {name} is not in the source archive, which holds: {found}. "
        "Set sagemaker_program to the script's path in the archive."
    )
