"""Small files that are whole or absent, whatever happens to the machine.

The shim imports this file without the rest of Kennel.
"""

from __future__ import annotations

import os

__all__ = ["quote", "rename", "write"]


def write(path: str, content: bytes) -> None:
    """Writes a file through to the disk, over the blocks it has. Raises OSError."""
    # Not truncated first: a file that was written ahead keeps its blocks on a full disk.
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.ftruncate(fd, len(content))
        os.fsync(fd)
    finally:
        os.close(fd)


def rename(folder: str, old: str, new: str) -> None:
    """Renames within `folder`, through to the disk. Raises OSError."""
    os.rename(f"{folder}/{old}", f"{folder}/{new}")
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def quote(text: str) -> str:
    """`text` as JSON in ASCII; `json` itself takes the shim 3 ms to import."""
    units = text.encode("utf-16-be", "surrogatepass")
    codes = (units[i] << 8 | units[i + 1] for i in range(0, len(units), 2))
    plain = (
        chr(code) if 32 <= code < 127 and chr(code) not in '"\\' else f"\\u{code:04x}"
        for code in codes
    )
    return f'"{"".join(plain)}"'
