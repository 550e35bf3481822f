from __future__ import annotations

import os

import pytest

from kennel.engine import Exit
from kennel.services.sagemaker.instance_types import instance_type
from kennel.services.sagemaker.training.failure import (
    REASON_LIMIT,
    failure_reason,
    read_failure_file,
)

T3 = instance_type("ml.t3.medium")


def reason(end: Exit, text: str = "") -> str:
    return failure_reason(end, text, T3, T3.memory_bytes)


def test_the_failure_file_and_the_exit_code_are_the_reason():
    text = "ExecuteUserScriptError:\nExitCode 1"
    assert reason(Exit(1), text) == f"AlgorithmError: {text}, exit code: 1"


def test_without_a_failure_file_the_exit_code_alone_is_the_reason():
    assert reason(Exit(139)) == "AlgorithmError: , exit code: 139"


def test_a_long_reason_keeps_its_exit_code():
    said = reason(Exit(2), "x" * 5000)
    assert len(said) == REASON_LIMIT
    assert said.endswith("x, exit code: 2")


def test_a_job_killed_for_memory_hears_of_the_limit_and_of_the_next_size():
    said = reason(Exit(137, signal=9, out_of_memory=True))
    assert said.startswith("ClientError: Please use an instance type with more memory")
    assert "killed at the 4 GiB of an ml.t3.medium" in said
    assert "ml.t3.large with 8 GiB" in said


def test_a_job_killed_by_a_smaller_machine_hears_that():
    end = Exit(137, signal=9, out_of_memory=True)
    said = failure_reason(end, "", T3, 2 << 30)
    assert "killed at 2.0 GiB, which is all that this machine can give" in said


def test_of_several_hosts_the_one_that_failed_is_named():
    small = instance_type("ml.t3.medium")
    failed = failure_reason(Exit(1), "no dogs", small, small.memory_bytes, "algo-2")
    assert failed == "AlgorithmError: no dogs, exit code: 1, host: algo-2"
    killed = Exit(137, out_of_memory=True)
    assert failure_reason(killed, "", small, 1 << 30, "algo-2").endswith(" It was host algo-2.")


def test_the_first_characters_of_the_failure_file_are_read(tmp_path):
    (tmp_path / "failure").write_text("é" * 5000)
    assert read_failure_file(tmp_path / "failure") == "é" * REASON_LIMIT


@pytest.mark.parametrize("kind", ["missing", "link", "pipe", "folder", "binary"])
def test_a_strange_failure_file_does_no_harm(tmp_path, kind):
    path = tmp_path / "failure"
    match kind:
        case "link":
            (tmp_path / "keys").write_text("secret")
            path.symlink_to(tmp_path / "keys")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "binary":
            path.write_bytes(b"\xff\x00")
    assert read_failure_file(path) == ("�\0" if kind == "binary" else "")
