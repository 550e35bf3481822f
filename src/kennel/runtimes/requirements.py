"""What of a requirements.txt is installed: all but the frameworks that the environment is made of.

Old scripts pin them (`torch==1.4.0`, `numpy==1.19`). Another build of PyTorch is gigabytes and
would not match what is compiled against it, and an old one does not exist for this Python: pip
would only fail. So such lines are left out, as the image's own name is taken for the environment
at hand, and the log says what stays. A line that names a file or a URL is left to pip.
"""

from __future__ import annotations

import importlib.metadata
import os
import re

__all__ = ["FRAMEWORKS", "installable"]

FRAMEWORKS = ("torch", "torchvision", "torchaudio", "numpy")

_LINE = re.compile(
    rf"\s*(?P<name>{'|'.join(FRAMEWORKS)})\s*(\[[^]]*\])?"
    r"\s*(?P<asked>\(?[=<>!~][^;#]*)?\s*(;[^#]*)?(#.*)?",
    re.IGNORECASE,
)
_FILTERED = ".kennel-requirements.txt"


def installable(path: str) -> tuple[str, list[str]]:
    """The name of the file beside `path` that pip is to read, and a sentence for each line that
    is left out of it. It is `path`'s own name where nothing is left out."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        lines = file.readlines()
    kept, sentences = [], []
    for line in lines:
        match = _LINE.fullmatch(line.rstrip("\r\n"))
        version = _installed(match["name"].lower()) if match else None
        if match is None or version is None:
            kept.append(line)
            continue
        asked = (match["asked"] or "").strip()
        if asked and asked.strip("() =") != version.partition("+")[0]:
            name = match["name"]
            sentences.append(
                f"requirements.txt asks for {name}{asked}: this environment's {name} {version} "
                "stays. Another environment can be named in images.toml."
            )
    if len(kept) == len(lines):
        return os.path.basename(path), []
    target = os.path.join(os.path.dirname(path), _FILTERED)
    with open(target, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(kept)
    return _FILTERED, sentences


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
