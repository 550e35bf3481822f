"""The file with the account's own keys, in the form of `~/.aws/credentials`."""

from __future__ import annotations

import configparser
import logging
import os
import secrets
from pathlib import Path

__all__ = ["RootFileError", "read_root_file", "write_root_file"]

log = logging.getLogger(__name__)

_SECTION = "default"
_ID = "aws_access_key_id"
_SECRET = "aws_secret_access_key"


class RootFileError(Exception):
    """The credentials file is there and can't be used; the message says what to do."""


def read_root_file(path: Path) -> tuple[str, str] | None:
    """(access key id, secret access key), or None if there is no such file.

    A file that others can read is closed to them, with a warning. Raises RootFileError.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            parser.read_file(file)
        pair = (parser[_SECTION][_ID].strip(), parser[_SECTION][_SECRET].strip())
    except FileNotFoundError:
        return None
    except (configparser.Error, KeyError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise RootFileError(f"{_unusable(path)} ({reason})") from error
    if not all(pair):
        raise RootFileError(_unusable(path))
    if mode & 0o077:
        log.warning("%s could be read by others; its mode is 0600 now.", path)
        path.chmod(0o600)
    return pair


def write_root_file(path: Path, access_key_id: str, secret_access_key: str) -> None:
    """Writes the file so that it is there whole or not at all, for its owner's eyes only."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(f"[{_SECTION}]\n{_ID} = {access_key_id}\n{_SECRET} = {secret_access_key}\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unusable(path: Path) -> str:
    return (
        f"The credentials file {path} has no section [{_SECTION}] with {_ID} and {_SECRET}. "
        "Mend it, or remove it to get new root credentials at the next start."
    )
