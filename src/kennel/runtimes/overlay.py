"""A job's or an endpoint's own packages, laid over the environment it runs in.

The overlay is a virtual environment without pip whose packages come first and which sees every
package of the environment below. What `requirements.txt` asks for goes there, so one job never
changes another's environment. PyTorch is never replaced: another build of it is gigabytes and
would not match what is compiled against it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import site
import sys
import sysconfig
import venv

from kennel.runtimes.requirements import FRAMEWORKS

__all__ = ["Overlay"]


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

    def create(self) -> None:
        """Makes the environment, or makes it anew. Takes about 50 ms."""
        with_pip = importlib.util.find_spec("pip") is None
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=with_pip).create(self.folder)
        below = dict.fromkeys(
            [*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
        )
        lines = [f"import site; site.addsitedir({folder!r})" for folder in below]
        _write(os.path.join(self.packages, "_environment_below.pth"), lines)
        _write(os.path.join(self.folder, "constraints.txt"), _pins())

    def pip_command(self, *arguments: str) -> list[str]:
        """`pip install` into the overlay, holding what must stay as it is."""
        constraints = os.path.join(self.folder, "constraints.txt")
        pip = [self.python, "-m", "pip", "install", "--disable-pip-version-check"]
        return [*pip, "--no-input", "--root-user-action", "ignore", "-c", constraints, *arguments]

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
        """Puts the overlay's packages first in this very process."""
        before = list(sys.path)
        site.addsitedir(self.packages)
        added = [entry for entry in sys.path if entry not in before]
        sys.path[:] = added + before

    @property
    def _marker(self) -> str:
        return os.path.join(self.folder, "installed")


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
