"""Planes come and go; processes stay, and are found again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from kennel.engine import Limits, LocalEngine, ProcessSpec, launch
from kennel.engine.process import LocalProcess
from kennel.engine.records import Record, read_record
from kennel.engine.shim import proc
from tests.engine.conditions import is_gone, pid_of, text_of, until
from tests.engine.conftest import PATH

PLANE = """
import signal, sys
from pathlib import Path
from kennel.engine import Limits, LocalEngine, ProcessSpec
folder, line, means = sys.argv[1:]
engine = LocalEngine(limits=Limits() if means == "polling" else None)
engine.start()
spec = ProcessSpec(Path(folder), ("sh", "-c", line), {"PATH": "%s"}, Path(folder).parent,
    writable=(Path(folder).parent,))
engine.run(spec)
print("started", flush=True)
signal.pause()
"""


@pytest.fixture(params=["best", "polling"])
def left_behind(request, tmp_path: Path) -> Callable[[str], Path]:
    """Runs a line of shell under a plane that is then killed; returns the process's folder."""

    def run(line: str) -> Path:
        folder = tmp_path / "process"
        with subprocess.Popen(
            [sys.executable, "-c", PLANE % PATH, folder, line, request.param],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
        ) as plane:
            assert plane.stdout is not None
            assert plane.stdout.readline() == b"started\n"
            plane.kill()
        return folder

    return run


def test_a_process_outlives_a_plane_that_is_killed(left_behind, engine, tmp_path):
    folder = left_behind("until [ -e go ]; do sleep 0.01; done; echo done; exit 7")
    process = engine.adopt(folder)
    assert process.folder == folder
    assert process.poll() is None
    assert process.usage().cpu_seconds >= 0
    (tmp_path / "go").touch()
    assert process.wait().code == 7
    assert (folder / "log").read_text() == "done\n"


def test_an_end_that_came_while_no_plane_ran_is_known_later(left_behind, engine, tmp_path):
    folder = left_behind("exit 9")
    until((folder / "exit.json").exists)
    assert engine.adopt(folder).poll().code == 9
    assert not engine.adopt(folder).poll().lost


def test_an_adopted_process_can_be_stopped(left_behind, engine):
    folder = left_behind("trap '' TERM; echo up; while :; do sleep 0.01; done")
    until(lambda: text_of(folder / "log"))
    assert engine.adopt(folder).stop(0.05).signal == signal.SIGKILL


def test_two_engines_agree_about_a_process(left_behind, engine):
    process = engine.adopt(left_behind("sleep 300"))
    with LocalEngine() as other:
        again = other.adopt(process.folder)
        assert again is not None
        assert again.stop(10).signal == signal.SIGTERM
    assert process.wait().signal == signal.SIGTERM


def test_one_whose_shim_died_unseen_is_lost_and_leaves_nothing_behind(left_behind, engine):
    folder = left_behind("sleep 300 & echo $!; sleep 300 & echo $!; wait")
    until(lambda: text_of(folder / "log").count("\n") == 2)
    record = read_record(folder)
    assert record is not None
    pids = [record.pid, *proc.descendants(record.pid)]
    assert len(pids) == 3
    os.kill(record.shim_pid, signal.SIGKILL)
    until(lambda: is_gone(record.shim_pid))
    ended = engine.adopt(folder).poll()
    assert (ended.lost, ended.code) == (True, 137)
    assert ended.started < ended.ended
    until(lambda: all(map(is_gone, pids)))
    assert not [group for group in record.groups if Path(group).exists()]
    assert engine.adopt(folder).poll() == ended


def test_the_plane_notices_a_shim_that_is_killed(each_engine, shell):
    process = each_engine.run(shell("sleep 300"))
    os.kill(process.shim[0], signal.SIGKILL)
    assert process.wait().lost
    assert is_gone(process.pid)


def test_the_next_start_removes_what_a_dead_shim_left(shell):
    with LocalEngine() as first:
        process = first.run(shell("sh -c 'echo $$; exec sleep 300' & wait"))
    log = process.folder / "log"
    child = pid_of(process.shim[0], int(until(lambda: text_of(log))))
    os.kill(process.shim[0], signal.SIGKILL)
    os.waitpid(process.shim[0], 0)
    groups = read_record(process.folder).groups  # type: ignore[union-attr]
    with LocalEngine() as second:
        if not groups:  # then only the folder tells of the process
            second.adopt(process.folder)
        until(lambda: is_gone(child))
    assert not [group for group in groups if Path(group).exists()]


def test_a_loss_is_not_written_into_a_folder_that_another_process_has_by_now(
    left_behind, stranger, tmp_path
):
    folder = left_behind("sleep 300")
    record = read_record(folder)
    assert record is not None
    lost = LocalProcess(folder, record)
    os.kill(record.shim_pid, signal.SIGKILL)
    until(lambda: is_gone(record.shim_pid))
    another = json.dumps(asdict(record_of(stranger)))
    (folder / "process.json").write_text(another)
    ended = lost.poll()
    assert ended is not None
    assert ended.lost
    assert not (folder / "exit.json").exists()


def test_nothing_ever_started_in_an_empty_folder(engine, tmp_path):
    assert engine.adopt(tmp_path) is None
    assert engine.adopt(tmp_path / "absent") is None


@pytest.fixture
def stranger():
    """A process that has nothing to do with us."""
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as process:
        yield process
        process.kill()


def record_of(stranger: subprocess.Popen[bytes], **changes) -> Record:
    start = proc.start_time(stranger.pid)
    assert start is not None
    return replace(
        Record(stranger.pid, start - 1, stranger.pid, start - 1, proc.machine(), 1.0), **changes
    )


def write_record(folder: Path, record: Record) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "process.json").write_text(json.dumps(asdict(record)))
    (folder / "log").touch()


def test_a_pid_that_belongs_to_somebody_else_by_now_is_not_touched(engine, stranger, tmp_path):
    write_record(tmp_path, record_of(stranger))
    process = engine.adopt(tmp_path)
    assert process.poll().lost
    process.terminate()
    process.kill()
    assert process.stop(0).lost
    assert stranger.poll() is None


def test_a_pid_of_another_boot_means_nothing(engine, stranger, tmp_path):
    start = proc.start_time(stranger.pid)
    record = record_of(stranger, start=start, shim_start=start, machine="another/4026531836")
    write_record(tmp_path, record)
    assert engine.adopt(tmp_path).poll().lost
    assert stranger.poll() is None


def test_a_plane_that_dies_while_it_starts_a_process_starts_none(tmp_path):
    """Else its next life, which finds no record, would start the same job beside it."""
    spec = ProcessSpec(
        tmp_path / "p", ("touch", "ran"), {"PATH": PATH}, tmp_path, writable=(tmp_path,)
    )
    spec.folder.mkdir()
    reading, writing = os.pipe()
    listening, telling = os.pipe()
    with subprocess.Popen(
        [sys.executable, *launch.FLAGS, str(launch.MAIN), str(spec.folder)],
        stdin=reading,
        stdout=telling,
    ) as shim:
        os.close(reading)
        os.close(telling)
        os.close(listening)  # nobody will hear the answer
        os.write(writing, launch.encode(spec, Limits().holds(spec)))
        os.close(writing)
    assert shim.returncode == 0
    assert not (spec.folder / "process.json").exists()
    assert not (tmp_path / "ran").exists()
