"""The code blocks of docs/by-hand.md as one shell script, as a reader would type them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

__all__ = ["PAGE", "script", "sections"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "by-hand.md"
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "SECTION-OF-THE-PAGE"


def script() -> str:
    """Shell blocks as they are; Python blocks that follow one another are one session, as they
    share their names. Every run of blocks is announced, so that its output can be told."""
    blocks = [(found["language"], found["code"]) for found in _FENCE.finditer(PAGE.read_text())]
    unknown = {language for language, _ in blocks} - {"sh", "python"}
    assert not unknown, f"blocks that no one runs: {unknown}"
    return "set -euo pipefail\n" + "".join(_runs(blocks))


def _runs(blocks: list[tuple[str, str]]) -> Iterator[str]:
    number = 0
    for language, group in groupby(blocks, key=itemgetter(0)):
        codes = [code for _, code in group]
        if language == "python":
            yield f"echo {_MARK} {number}\npython - <<'END_OF_SESSION'\n"
            yield "\n".join(codes) + "END_OF_SESSION\n"
            number += 1
            continue
        for code in codes:
            yield f"echo {_MARK} {number}\n{code}"
            number += 1


def sections(output: str) -> list[str]:
    """What each announced run printed."""
    return re.split(rf"^{_MARK} \d+$", output, flags=re.MULTILINE)[1:]
