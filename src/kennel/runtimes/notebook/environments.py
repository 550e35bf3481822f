"""The Python environments of an instance, where AWS has its conda environments.

Each is an overlay of an environment of this machine: `pip install` in a notebook changes the
overlay alone and is forgotten at the next start, as on AWS. There is no conda behind the names.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import kennel
from kennel.runtimes.overlay import Overlay

__all__ = ["Environments", "NoKernel"]

_FIRST = "python3"  # what `base` and the plain `python` stand for

_ACTIVATE = """\
# source activate [ENVIRONMENT]; there is no conda here, only what this does.
_kennel_environment="${{1:-python3}}"
case "$_kennel_environment" in
  base|root|JupyterSystemEnv) _kennel_environment=python3 ;;
esac
if [ ! -d {envs}/"$_kennel_environment" ]; then
  echo "activate: there is no environment $_kennel_environment here; there are: {names}" >&2
  unset _kennel_environment
  return 1 2>/dev/null || exit 1
fi
export CONDA_DEFAULT_ENV="$_kennel_environment"
export VIRTUAL_ENV={envs}/"$_kennel_environment"
export PIP_CONSTRAINT="$VIRTUAL_ENV/constraints.txt"
PATH="$VIRTUAL_ENV/bin:{bin}:${{_KENNEL_PATH:-$PATH}}"
export PATH
unset _kennel_environment
"""
_DEACTIVATE = """\
unset CONDA_DEFAULT_ENV VIRTUAL_ENV PIP_CONSTRAINT
export PATH="{bin}:${{_KENNEL_PATH:-$PATH}}"
"""
_SUDO = """\
#!/bin/sh
# Runs the command as you. Scripts written for AWS say sudo; nobody becomes root of this machine.
login=
while [ $# -gt 0 ]; do
  case "$1" in
    -i|--login) login=1 ;;
    -u|-g|-U|-h|-p|-C|-r|-t|--user|--group) shift ;;
    --) shift; break ;;
    -*) ;;
    *=*) export "$1" ;;
    *) break ;;
  esac
  shift
done
if [ -n "$login" ]; then
  cd "$HOME" || exit 1
  [ $# -gt 0 ] || exec /bin/bash -l
fi
[ $# -gt 0 ] || exec /bin/bash
exec "$@"
"""


class NoKernel(Exception):
    """An environment can run no kernel; the message says which, and what to do."""


class Environments:
    """The environments of one home, which is new at each start of the instance. The kernel of each
    is called `conda_NAME`."""

    def __init__(self, home: str, system: str, pythons: Mapping[str, str]) -> None:
        """`system` is the folder for the programs that stand for the machine's own (`sudo`),
        `pythons` what each environment is laid over; one of them is `python3`."""
        self._pythons = pythons
        self._root = Path(home) / "anaconda3"
        self._home = Path(home)
        self._system = Path(system)
        self._imports = self._system.with_name("imports")

    @property
    def bin(self) -> Path:
        return self._root / "bin"

    def create(self) -> None:
        """Makes the environments, their kernels' programs, `activate`, and the user's profile."""
        self.bin.mkdir(parents=True)
        self._system.mkdir(parents=True, exist_ok=True)
        self._imports.mkdir()
        (self._imports / "kennel").symlink_to(Path(kennel.__file__).resolve().parent)
        for name, python in self._pythons.items():
            _lay_over(python, self._folder(name), self._imports)
            self._add_programs(self._folder(name) / "bin", self._python(name))
        self._add_programs(self.bin, self._python(_FIRST))
        for name in ("python", "python3"):
            _program(self.bin / name, f'exec {shlex.quote(self._python(_FIRST))} "$@"')
        cli = Path(sys.executable).parent / "aws"  # an instance on AWS has it in its path
        if cli.exists():
            _program(self.bin / "aws", f'exec {shlex.quote(str(cli))} "$@"')
        names = {"envs": shlex.quote(str(self._root / "envs")), "bin": shlex.quote(str(self.bin))}
        _script(self.bin / "activate", _ACTIVATE.format(**names, names=", ".join(self._pythons)))
        _script(self.bin / "deactivate", _DEACTIVATE.format(**names))
        _script(self._system / "sudo", _SUDO)
        self._write_profile()

    def write_kernels(self, folder: Path) -> None:
        """Writes the kernels' descriptions into a `kernels` folder of Jupyter's."""
        for name in self._pythons:
            kernel = folder / f"conda_{name}"
            kernel.mkdir(parents=True)
            path = f"{self._folder(name) / 'bin'}:{self.bin}:${{PATH}}"
            described = {
                "argv": [
                    self._python(name),
                    "-m",
                    "ipykernel_launcher",
                    "-f",
                    "{connection_file}",
                ],
                "display_name": f"conda_{name}",
                "language": "python",
                "metadata": {"debugger": True},
                "env": {
                    "CONDA_DEFAULT_ENV": name,
                    "PATH": path,
                    "PIP_CONSTRAINT": str(self._folder(name) / "constraints.txt"),
                },
            }
            (kernel / "kernel.json").write_text(json.dumps(described, indent=1))

    def _folder(self, name: str) -> Path:
        return self._root / "envs" / name

    def _python(self, name: str) -> str:
        return str(self._folder(name) / "bin" / "python")

    def _add_programs(self, folder: Path, python: str) -> None:
        for name, module in (("pip", "pip"), ("pip3", "pip"), ("jupyter", "jupyter_core")):
            _program(folder / name, f'exec {shlex.quote(python)} -m {module} "$@"')

    def _write_profile(self) -> None:
        """A login shell of this machine would set PATH anew."""
        lines = [
            f"export PATH={shlex.quote(str(self.bin))}:${{_KENNEL_PATH:-$PATH}}",
            '[ -f "$HOME/.bashrc" ] && . "$HOME/.bashrc"',
        ]
        (self._home / ".bash_profile").write_text("\n".join(lines) + "\n")
        (self._home / ".bashrc").write_text("PS1='sh-5.2$ '\n")


def _lay_over(python: str, folder: Path, imports: Path) -> None:
    """`imports` is a folder with Kennel alone in it. Raises NoKernel."""
    if python == sys.executable:
        Overlay(str(folder)).create()
        return
    checked = subprocess.run([python, "-c", "import ipykernel"], capture_output=True, text=True)
    if checked.returncode:
        raise NoKernel(
            f"The Python {python} of the kernel conda_{folder.name} has no ipykernel: "
            f"{python} -m pip install ipykernel, then start the instance again."
        )
    made = subprocess.run(
        [python, "-P", "-m", "kennel.runtimes.overlay", str(folder)],
        env={**os.environ, "PYTHONPATH": str(imports)},
        capture_output=True,
        text=True,
    )
    if made.returncode:
        reason = made.stderr.strip().rpartition("\n")[2]
        raise NoKernel(f"The Python {python} of the kernel conda_{folder.name} fails: {reason}.")


def _program(path: Path, line: str) -> None:
    _script(path, f"#!/bin/sh\n{line}\n")


def _script(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(0o755)
