from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

from tests.planes import wait_until
from tests.services.logs.stage import Stage

ROOT = Path(__file__).parents[3]
KILLS = 6


def start(*paths: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.services.logs.shipping_process", *map(str, paths)]
    return subprocess.Popen(command, cwd=ROOT, env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"})


def length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def at_work(process: subprocess.Popen[bytes], seen: Path, before: int) -> bool:
    assert process.poll() is None
    return length(seen) > before


def test_killed_at_any_moment_no_line_is_lost_or_doubled(tmp_path: Path) -> None:
    log, seen, state = tmp_path / "log", tmp_path / "seen", tmp_path / "state"
    chance = random.Random(7)
    written: list[tuple[int, str]] = []
    finished = threading.Event()

    def write() -> None:
        """Lines in bursts, cut anywhere, as a process's buffers cut them."""
        offset = 0
        with log.open("ab", buffering=0) as file:
            while not finished.is_set():
                burst = b""
                for _ in range(chance.randrange(1, 200)):
                    text = f"line {len(written)} " + "x" * chance.randrange(80)
                    written.append((offset + len(burst), text))
                    burst += text.encode() + b"\n"
                cut = chance.randrange(len(burst))
                file.write(burst[:cut])
                time.sleep(0.005)
                file.write(burst[cut:])
                offset += len(burst)
            written.append((offset, "end"))
            file.write(b"end\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(KILLS):
            process = start(state, log, seen)
            wait_until(partial(at_work, process, seen, length(seen)))
            time.sleep(chance.random() * 0.3)
            assert process.poll() is None
            process.kill()
            process.wait()
    finally:
        finished.set()
        writer.join()
    assert start(state, log, seen).wait(60) == 0

    stage = Stage(state)
    stage.logs.start()
    try:
        assert stage.messages("g", "s") == [text for _, text in written]
    finally:
        stage.logs.stop()
    handed_out = {tuple(line.split(" ", 1)) for line in seen.read_text().splitlines()}
    expected = {(str(offset), text) for offset, text in written}
    assert expected <= handed_out
    assert len(handed_out - expected) <= KILLS  # the note of a line may be torn by the kill
