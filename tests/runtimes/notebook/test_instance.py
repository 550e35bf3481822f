"""The first process of a notebook instance, by itself: its scripts and its environments."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kennel
from kennel.runtimes.notebook.plan import Hook, Plan, Progress
from tests.planes import clean_environment, wait_until

SOURCE = Path(kennel.__file__).parents[1]


class Start:
    """A start of an instance in a folder of the test's, with scripts but without mounts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        (self.home / "SageMaker").mkdir(parents=True)
        (root / "secret").write_text("s")
        self.environments = {"python3": sys.executable}
        self.python = sys.executable

    def run(self, seconds: float = 60.0, **scripts: str) -> Progress:
        """Runs scripts, the last of which must fail, so that no JupyterLab is started."""
        hooks = []
        for name, text in scripts.items():
            path = self.root / f"{name}.sh"
            path.write_text(text)
            hooks.append(Hook(name, str(path), str(self.log(name)), seconds))
        Plan(
            folder=str(self.root),
            home=str(self.home),
            notebooks=str(self.home / "SageMaker"),
            environments=self.environments,
            hooks=hooks,
        ).write(self.root / "plan.json")
        command = [self.python, "-P", "-m", "kennel.runtimes.notebook", "plan.json"]
        environment = clean_environment() | {"HOME": str(self.home), "PYTHONPATH": str(SOURCE)}
        done = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1, done.stderr
        return Progress.read(self.root / "progress.json")

    def log(self, name: str) -> Path:
        return self.root / name


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return Start(tmp_path / "boot")


def test_a_script_that_takes_too_long_is_ended_with_all_that_it_started(start):
    pids = start.root / "pids"
    script = f"sleep 600 & echo $! > {pids}; echo $$ >> {pids}; wait"
    progress = start.run(1.0, OnStart=script)
    assert progress == Progress(created=True, failed="OnStart", code=None)
    processes = [Path("/proc", pid) for pid in pids.read_text().split()]
    assert len(processes) == 2
    wait_until(lambda: not any(process.exists() for process in processes))


def test_a_failed_on_create_keeps_on_start_from_running(start):
    progress = start.run(OnCreate="echo said; exit 7", OnStart="echo started")
    assert progress == Progress(created=False, failed="OnCreate", code=7)
    assert start.log("OnCreate").read_text() == "said\n"
    assert not start.log("OnStart").exists()


def test_scripts_find_awss_environments_and_sudo(start):
    start.run(
        OnStart="""
        sudo -u ec2-user -i <<'EOF'
        source activate pytorch_p310 2>&1
        source activate python3 && python -c 'import sys; print(sys.prefix)'
        conda_home=$(dirname "$(dirname "$(command -v pip)")"); echo "$conda_home"
        source deactivate; echo "[$CONDA_DEFAULT_ENV]"
EOF
        sudo -E NAME=value sh -c 'echo $NAME'
        exit 1
        """
    )
    environment = f"{start.home}/anaconda3/envs/python3"
    assert start.log("OnStart").read_text().splitlines() == [
        "activate: there is no environment pytorch_p310 here; there are: python3",
        environment,
        environment,
        "[]",
        "value",
    ]


def bare_python(folder: Path) -> str:
    """A Python that has nothing but itself."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


def test_where_jupyterlab_is_not_installed_the_start_fails_with_what_to_do(start, tmp_path):
    start.python = bare_python(tmp_path / "bare")
    progress = start.run()
    assert progress.failed == "Jupyter"
    assert "pip install 'kennel[notebook]'" in progress.reason


def test_a_python_without_ipykernel_fails_the_start_with_what_to_do(start, tmp_path):
    start.environments["bare"] = bare_python(tmp_path / "bare")
    progress = start.run()
    assert progress.failed == "Jupyter"
    assert "of the kernel conda_bare has no ipykernel" in progress.reason


def test_scripts_are_told_no_secret_of_jupyterlabs(start):
    start.run(OnStart="env; exit 1")
    lines = start.log("OnStart").read_text()
    assert "PATH=" in lines
    assert os.fspath(start.root / "secret") not in lines
