"""Ships one file until it is killed, then goes on: what the crash test runs and kills.

    python -m tests.services.logs.shipping_process STATE LOG SEEN

Appends to SEEN, a line each, the offset and text of every line that the subscriber gets. Ends by
itself once the file's last line is "end".
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from kennel.services.logs import LogLine
from tests.services.logs.stage import Stage


def main(state: Path, log: Path, seen: Path) -> None:
    stage = Stage(state)
    stage.logs.start()

    def record(lines: Sequence[LogLine]) -> None:
        with seen.open("a") as file:
            file.write("".join(f"{line.offset} {line.text}\n" for line in lines))

    running = stage.logs.shipper.ship(
        log, group="g", stream="s", principal=stage.role, on_lines=record
    )
    while not log.exists() or not log.read_bytes().endswith(b"end\n"):
        time.sleep(0.01)
    assert running.drain()
    stage.logs.stop()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
