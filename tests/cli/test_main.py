import subprocess
import sys

import pytest

from kennel import __version__
from kennel.cli.main import COMMANDS


def test_help_names_every_command(kennel):
    answer = kennel("--help")
    assert answer.returncode == 0
    for command in COMMANDS:
        assert f"    {command.name} " in answer.stdout
        assert command.help in " ".join(answer.stdout.split())


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help_with_examples(kennel, name):
    answer = kennel(name, "--help")
    assert answer.returncode == 0
    assert "--state DIR" in answer.stdout
    assert f"kennel {name}" in answer.stdout.split("examples:")[1]


def test_version(kennel):
    assert kennel("--version").stdout == f"kennel {__version__}\n"


@pytest.mark.parametrize(
    "typed", [[], ["fly"], ["status", "--fly"], ["logs"], ["up", "--port"], ["up", "now"]]
)
def test_a_command_line_that_can_not_be_read_is_one_sentence_and_code_2(kennel, typed):
    answer = kennel(*typed)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith("kennel")
    assert answer.stderr.count("\n") == 1
    assert "--help" in answer.stderr


@pytest.mark.parametrize("typed", [["status"], ["ps"], ["logs", "x"], ["env"]])
def test_a_client_command_without_a_plane_says_how_to_start_one(kennel, typed):
    answer = kennel(*typed)
    assert answer.returncode == 1
    assert "No plane is running on" in answer.stderr
    assert "kennel up --detach" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_client_command_imports_nothing_of_the_planes_inside_nor_boto3_for_a_status():
    program = (
        "import sys, kennel.cli.main, kennel.cli.status, kennel.cli.up, kennel.cli.down\n"
        "slow = ('boto3', 'moto', 'uvicorn', 'kennel.gateway', 'kennel.services', 'torch')\n"
        "print([name for name in slow if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_a_reader_that_leaves_early_is_no_traceback():
    # `down` prints one line; the reading end is closed before it can.
    program = (
        "import os, sys; read, write = os.pipe(); os.dup2(write, 1); os.close(write); "
        "os.close(read); from kennel.cli.main import main; "
        "sys.exit(main(['down', '--state', '/nonexistent']))"
    )
    run = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert run.stderr == ""
    assert run.returncode == 1
