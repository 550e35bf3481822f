"""Writes requirements.lock: the version of every package that `make install` installs.

pip itself resolves, from whatever index it is set up with; nothing of that index is written.
PyTorch and torchvision are left out, with the GPU libraries that their general builds ask for:
`make install` takes them in steps of their own, from another index if TORCH_INDEX names one. For
that reason too there are no hashes: a build from another index is another file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
_WANTED = ".[ml,demo,notebook,plan,iam,test,bench,dev]"
_BUILD = "setuptools>=77"  # `make install` builds the editable package without an environment apart
_LEFT_OUT = re.compile(r"torch|torchvision|triton|nvidia-.*|cuda-.*")
_HEADER = """\
# Written by `make lock`; see scripts/lock.py. `make install` adds PyTorch and torchvision.
"""


def main() -> int:
    """Resolves afresh and replaces the lock; returns the exit code."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    command += ["--report", "-", _WANTED, _BUILD]
    resolved = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    pins = []
    for package in json.loads(resolved.stdout)["install"]:
        name = re.sub(r"[-_.]+", "-", package["metadata"]["name"]).lower()
        if name != "kennel" and not _LEFT_OUT.fullmatch(name):
            pins.append(f"{name}=={package['metadata']['version']}")
    (ROOT / "requirements.lock").write_text(_HEADER + "\n".join(sorted(pins)) + "\n")
    print(f"requirements.lock: {len(pins)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
