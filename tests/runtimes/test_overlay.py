"""An overlay, and what leads programs to it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from kennel.runtimes.overlay import Overlay

ENTER = """
import json, os, subprocess, sys
from kennel.runtimes.overlay import Overlay
Overlay(sys.argv[1]).enter()
Overlay(sys.argv[1]).enter()
child = "import json, sys; print(json.dumps(sys.path))"
children = [subprocess.check_output([name, "-c", child]) for name in (sys.executable, "python")]
print(json.dumps([sys.path, *map(json.loads, children)]))
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Overlay:
    made = Overlay(str(tmp_path / "it's mine"))
    made.create(needs_pip=False)
    return made


def test_who_enters_finds_its_packages_behind_the_standard_library_and_so_do_children(
    overlay: Overlay,
) -> None:
    command = [sys.executable, "-P", "-c", ENTER, overlay.folder]
    standard, below = sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")
    for path in json.loads(subprocess.check_output(command)):
        assert path.count(overlay.packages) == path.count(below) == 1
        assert path.index(standard) < path.index(overlay.packages) < path.index(below)


@pytest.mark.parametrize("program", ["pip", "pip3", "torchrun"])
def test_programs_that_scripts_call_by_name_run_in_it(overlay: Overlay, program: str) -> None:
    found = shutil.which(program, path=overlay.variables(os.environ)["PATH"])
    assert found == f"{overlay.folder}/bin/{program}"
    python = shlex.split(Path(found).read_text().splitlines()[1])[1]
    assert python == overlay.python


def test_what_somebody_chose_for_pip_stays() -> None:
    chosen = {"PIP_CONSTRAINT": "", "PIP_DISABLE_PIP_VERSION_CHECK": "0", "PATH": "/bin"}
    variables = Overlay("/over").variables(chosen)
    assert variables == chosen | {"PATH": "/over/bin:/bin", "VIRTUAL_ENV": "/over"}
    assert Overlay("/over").variables({})["PIP_CONSTRAINT"] == "/over/constraints.txt"


def test_an_overlay_is_made_only_when_it_is_whole(overlay: Overlay) -> None:
    assert overlay.is_made
    (Path(overlay.folder) / "constraints.txt").unlink()
    assert not overlay.is_made
