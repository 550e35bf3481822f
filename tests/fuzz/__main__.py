"""Fuzzes for as long as one likes: `python -m tests.fuzz --minutes 60 [TARGET ...]`.

Each target has a process and a share of the time of its own. What it finds is written to
`fuzz-finds/TARGET/`; a find that is mended moves to `tests/fuzz/corpus/TARGET/` and stays a test.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.target import Search
from tests.fuzz.targets import TARGETS

__all__ = ["main"]

_FINDS = Path("fuzz-finds")
_MOST_MEMORY = 1 << 20  # KiB that a target's process may come to hold: 1 GiB


def main() -> int:
    """The exit code: 1 if anything was found."""
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(names))
    parser.add_argument("--minutes", type=float, default=1.0, help="in all (default: 1)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first round")
    options = parser.parse_args()
    wanted = options.targets or names
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"there is no target {unknown[0]}; there are {', '.join(names)}")
    seconds = 60 * options.minutes / len(wanted)
    if len(wanted) == 1:
        return _search(wanted[0], seconds, options.seed)
    failed = 0
    for name in wanted:
        command = [sys.executable, "-m", "tests.fuzz", name, f"--minutes={seconds / 60}"]
        done = subprocess.run([*command, f"--seed={options.seed}"])
        if done.returncode not in (0, 1):
            print(f"{name}: ended with {done.returncode} at {_FINDS / name}.last")
        failed |= bool(done.returncode)
    return failed


def _search(name: str, seconds: float, seed: int) -> int:
    (target,) = [one for one in TARGETS if one.name == name]
    _FINDS.mkdir(exist_ok=True)
    last = _FINDS / f"{name}.last"
    with target.opened() as check:
        search = Search(target, check, last)
        target.seeds()
        before = time.monotonic()
        search.for_seconds(seconds, seed)
        spent = time.monotonic() - before
    last.unlink(missing_ok=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{name}: {spent:.0f} s ({cpu.ru_utime + cpu.ru_stime:.0f} s of CPU), {search.tried:,} "
        f"inputs, {memory >> 10} MiB at most, {len(search.finds)} finds",
        flush=True,
    )
    for find in search.finds.values():
        path = find.keep(_FINDS / name)
        path.with_suffix(".txt").write_text(find.error)
        print(f"  {path}: {find.place}")
    if memory > _MOST_MEMORY:
        print(f"  {name} came to hold more than {_MOST_MEMORY >> 10} MiB")
    return int(bool(search.finds) or memory > _MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
