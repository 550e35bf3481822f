"""Finding, in what a script printed, the lines that say why it failed."""

from __future__ import annotations

import builtins
import re

__all__ = ["OutputTail", "error_message"]

# The toolkit looks for every built-in exception and these.
_MORE = ("Invalid requirement", "ResourceExhaustedError", "OutOfRangeError", "InvalidArgumentError")
_NAMES = tuple(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException) and not name.endswith("Warning")
)
_NAMES_AN_ERROR = re.compile("|".join(map(re.escape, (*_NAMES, *_MORE))))
_CARETS = re.compile(r"[\s^~]*")
# An exception of any name, as Python prints it behind the indented lines of its traceback.
_ENDS_A_TRACEBACK = re.compile(r"[A-Za-z_][\w.]*(: |$)")
_TRACEBACK = "Traceback (most recent call last)"


class OutputTail:
    """The last bytes that a process wrote."""

    _KEPT = 64 * 1024

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, chunk: bytes) -> None:
        self._bytes += chunk
        if len(self._bytes) > 2 * self._KEPT:
            del self._bytes[: -self._KEPT]

    def text(self) -> str:
        return self._bytes.decode("utf-8", "replace")


def error_message(output: str) -> str:
    """The lines from the first that names an exception, as the toolkit joins them.

    The toolkit starts at the first such line of the whole output, so a warning of the first
    minute hides the error of the last. This starts behind the last traceback's head, if there is
    one, and there it knows exceptions of other names too. What names no exception (argparse, a
    shell) gives its last line with "error:" in it.
    """
    lines = output.replace("\r", "\n").split("\n")
    heads = [number for number, line in enumerate(lines) if _TRACEBACK in line]
    if heads:
        lines = lines[heads[-1] + 1 :]
    for number, line in enumerate(lines):
        if _NAMES_AN_ERROR.search(line) or (heads and _ENDS_A_TRACEBACK.match(line)):
            return _joined(lines[number:])
    complaints = [line for line in lines if "error:" in line.lower()]
    return complaints[-1].strip() if complaints else ""


def _joined(lines: list[str]) -> str:
    kept = (line.strip(" :") for line in lines if not _CARETS.fullmatch(line))
    return "\n ".join(dict.fromkeys(kept))
