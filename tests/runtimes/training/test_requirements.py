"""requirements.txt goes into an overlay of the job's own."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

from tests.runtimes.training.jobs import Job
from tests.runtimes.wheels import wheel

WHEEL = "tinything-1.0-py3-none-any.whl"
SCRIPT = """
import sys, numpy, tinything
print("prefix", sys.prefix)
print("tinything", tinything.VALUE, tinything.__file__)
print("numpy", numpy.__file__)
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "ml")


def test_a_requirement_is_there_for_the_script_and_for_nobody_else(job):
    files = {
        "train.py": SCRIPT,
        "requirements.txt": f"./{WHEEL}\n",
        WHEEL: wheel("tinything", "1.0", "VALUE = 42"),
    }
    code, log = job.source(files).run()
    assert code == 0, log
    overlay = str(job.base / "overlay")
    assert f"prefix {overlay}" in log
    assert f"tinything 42 {overlay}/" in log
    assert f"numpy {sys.prefix}/" in log
    assert f"{overlay}/bin/python train.py" in log
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("tinything")


def test_a_job_that_goes_on_does_not_install_again(job):
    files = {
        "train.py": SCRIPT,
        "requirements.txt": f"./{WHEEL}\n",
        WHEEL: wheel("tinything", "1.0", "VALUE = 42"),
    }
    job.source(files).run()
    code, log = job.run()
    assert code == 0, log
    assert "Installing dependencies" not in log
    assert "tinything 42" in log


def test_another_build_of_pytorch_is_never_installed(job):
    other = "torch-99.0-py3-none-any.whl"
    files = {
        "train.py": "",
        "requirements.txt": f"./{other}\n",
        other: wheel("torch", "99.0", ""),
    }
    code, log = job.source(files).run()
    assert code == 1
    assert re.search(r"\(constraint( was)?\) torch\S*==2\.", log), log
    assert job.failure.startswith("InstallRequirementsError:\nExitCode 1\nErrorMessage ")


def test_old_pins_of_the_frameworks_give_way_to_what_is_here_and_the_log_says_so(job):
    files = {
        "train.py": SCRIPT,
        "requirements.txt": f"torch==1.4.0\nTorchVision == 0.5.0  # old\nnumpy\n./{WHEEL}\n",
        WHEEL: wheel("tinything", "1.0", "VALUE = 42"),
    }
    code, log = job.source(files).run()
    assert code == 0, log
    assert "tinything 42" in log
    installed = importlib.metadata.version("torch")
    said = [line for line in log.splitlines() if line.startswith("[kennel]")]
    assert len(said) == 2
    assert said[0].startswith(
        f"[kennel] requirements.txt asks for torch==1.4.0: this environment's torch {installed}"
    )


def test_a_requirement_that_can_not_be_had_fails_the_job_with_pips_words(job):
    files = {"train.py": "", "requirements.txt": "./missing-1.0-py3-none-any.whl\n"}
    assert job.source(files).run()[0] == 1
    assert "missing-1.0-py3-none-any.whl" in job.failure
    assert "-m pip install" in job.failure
