"""A job's or an endpoint's own packages, laid over the environment it runs in.

The overlay is a virtual environment whose packages come first and which sees every package of the
environment below. What `requirements.txt` asks for goes there, and what a script installs by
`pip install`, so one job never changes another's environment. PyTorch is never replaced: another
build of it is gigabytes and would not match what is compiled against it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shlex
import site
import sys
import sysconfig
import venv
from collections.abc import Mapping

from kennel.runtimes.requirements import FRAMEWORKS

__all__ = ["Overlay"]

# Programs that scripts call by name. Those of the environment below would run on its own Python,
# which sees nothing of the overlay. Each is a module of the package that its name begins with.
_PROGRAMS = {"pip": "pip", "pip3": "pip", "torchrun": "torch.distributed.run"}


class Overlay:
    """A folder that is, or becomes, an overlay of the running interpreter's environment."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @property
    def python(self) -> str:
        return os.path.join(self.folder, "bin", "python")

    @property
    def packages(self) -> str:
        """The folder that pip installs into."""
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        return os.path.join(self.folder, "lib", version, "site-packages")

    @property
    def is_made(self) -> bool:
        """Whether it is there, whole, with whatever was installed since."""
        return os.path.exists(self._constraints)

    def create(self, *, needs_pip: bool = True) -> None:
        """Makes the environment, or makes it anew. Takes about 10 ms, and seconds where the
        environment below has no pip and `needs_pip` says that the overlay must."""
        with_pip = needs_pip and importlib.util.find_spec("pip") is None
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=with_pip).create(self.folder)
        # Not again in a process that has it already and enters the overlay.
        lines = [
            f"import site, sys; {folder!r} in sys.path or site.addsitedir({folder!r})"
            for folder in _below()
        ]
        _write(os.path.join(self.packages, "_environment_below.pth"), lines)
        for name, module in _PROGRAMS.items():
            if with_pip or importlib.util.find_spec(module.partition(".")[0]) is not None:
                self._add_program(name, module)
        _write(self._constraints, _pins())  # the last, see `is_made`

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What leads a process with that environment, and the programs it starts, to the overlay;
        what `activate` sets and what holds pip to the frameworks that are here."""
        return {
            "PATH": os.pathsep.join(filter(None, (self._programs, environment.get("PATH")))),
            "VIRTUAL_ENV": self.folder,
            "PIP_CONSTRAINT": environment.get("PIP_CONSTRAINT", self._constraints),
            # The check asks the index, and waits for it where there is none.
            "PIP_DISABLE_PIP_VERSION_CHECK": environment.get("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
        }

    def pip_command(self, *arguments: str) -> list[str]:
        """`pip install` into the overlay, holding what must stay as it is."""
        pip = [self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        return [*pip, "--root-user-action", "ignore", "-c", self._constraints, *arguments]

    def holds(self, requirements: str) -> bool:
        """Whether this very requirements file was installed here to its end."""
        try:
            with open(self._marker, encoding="ascii") as file:
                return file.read() == _digest(requirements)
        except FileNotFoundError:
            return False

    def mark(self, requirements: str) -> None:
        """Records that a requirements file was installed to its end."""
        _write(self._marker, [_digest(requirements)], end="")

    def enter(self) -> None:
        """Makes this very process see the overlay's packages first, and what it starts by
        `sys.executable` or by name run in the overlay."""
        before = list(sys.path)
        site.addsitedir(self.packages)
        added = [entry for entry in sys.path if entry not in before]
        below = _below()
        # Before the other packages, behind the standard library: some packages are named like it.
        place = next((at for at, entry in enumerate(before) if entry in below), len(before))
        sys.path[:] = before[:place] + added + before[place:]
        sys.executable = self.python
        os.environ.update(self.variables(os.environ))

    @property
    def _marker(self) -> str:
        return os.path.join(self.folder, "installed")

    @property
    def _constraints(self) -> str:
        return os.path.join(self.folder, "constraints.txt")

    @property
    def _programs(self) -> str:
        return os.path.join(self.folder, "bin")

    def _add_program(self, name: str, module: str) -> None:
        path = os.path.join(self._programs, name)
        _write(path, ["#!/bin/sh", f'exec {shlex.quote(self.python)} -m {module} "$@"'])
        os.chmod(path, 0o755)


def _below() -> list[str]:
    """The folders of packages of the environment that this process runs in."""
    own = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    return list(dict.fromkeys([*site.getsitepackages(), *own]))


def _pins() -> list[str]:
    pins = []
    for name in FRAMEWORKS:
        try:
            pins.append(f"{name}=={importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return pins


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _write(path: str, lines: list[str], end: str = "\n") -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + end)


if __name__ == "__main__":
    Overlay(sys.argv[1]).create()
