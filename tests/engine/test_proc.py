"""Reading about processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.engine.shim import proc
from tests.engine.conditions import until


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "300"]) as process:
        yield process
        process.kill()


def started(process: subprocess.Popen[bytes]) -> int:
    start = proc.start_time(process.pid)
    assert start is not None
    return start


@given(
    name=st.binary(max_size=15),
    numbers=st.lists(st.integers(-(2**63), 2**64), min_size=51, max_size=51),
)
def test_a_stat_line_is_read_whatever_the_program_is_called(name, numbers):
    line = b"7 (%s) S " % name + b" ".join(b"%d" % number for number in numbers) + b"\n"
    stat = proc.parse_stat(line)
    assert (stat.state, stat.parent, stat.session) == ("S", numbers[0], numbers[2])
    assert stat.ticks == numbers[10] + numbers[11]
    assert stat.children_ticks == numbers[12] + numbers[13]
    assert (stat.threads, stat.start) == (numbers[16], numbers[18])


@given(st.binary())
def test_a_broken_stat_line_is_a_value_error(line):
    try:
        proc.parse_stat(line)
    except ValueError:
        return


def test_a_process_is_known_by_pid_and_start(sleeper):
    start = started(sleeper)
    assert proc.is_alive(sleeper.pid, start)
    assert not proc.is_alive(sleeper.pid, start - 1)


def test_a_zombie_is_not_alive(sleeper):
    start = started(sleeper)
    os.kill(sleeper.pid, signal.SIGKILL)
    until(lambda: proc.start_time(sleeper.pid) is None)
    stat = proc.read_stat(sleeper.pid)
    assert stat is not None
    assert stat.state == "Z"
    assert not proc.is_alive(sleeper.pid, start)
    assert proc.open_pidfd(sleeper.pid, start) is None
    proc.wait_for_end(sleeper.pid, start, None)


@pytest.mark.parametrize("has_pidfds", [True, False])
def test_a_signal_reaches_that_process_and_no_later_one(sleeper, monkeypatch, has_pidfds):
    if not has_pidfds:
        monkeypatch.delattr(os, "pidfd_open")
    start = started(sleeper)
    assert not proc.signal_process(sleeper.pid, start - 1, signal.SIGKILL)
    assert sleeper.poll() is None
    assert proc.signal_process(sleeper.pid, start, signal.SIGKILL)
    assert sleeper.wait() == -signal.SIGKILL
    assert not proc.signal_process(sleeper.pid, start, signal.SIGKILL)


@pytest.mark.parametrize("tree", [None, {}])
def test_descendants_are_found_with_and_without_the_kernel_s_lists(monkeypatch, tree):
    if tree is not None:
        monkeypatch.setattr(proc, "_KERNEL_LISTS_CHILDREN", False)
    line = "sleep 300 & sh -c 'sleep 300 & wait' & wait"
    with subprocess.Popen(["sh", "-c", line], start_new_session=True) as shell:
        until(lambda: len(proc.descendants(shell.pid)) == 3)
        os.killpg(shell.pid, signal.SIGKILL)


def test_what_is_gone_uses_nothing(sleeper):
    sleeper.kill()
    sleeper.wait()
    assert proc.resident(sleeper.pid) == proc.proportional(sleeper.pid) == 0
    assert proc.high_water(sleeper.pid) == 0
    assert proc.descendants(sleeper.pid) == []


def test_memory_is_read_in_bytes():
    mine = os.getpid()
    assert 5_000_000 < proc.proportional(mine) <= proc.high_water(mine)
    assert proc.resident(mine) <= proc.high_water(mine) * 1.1
    assert proc.tasks_of_user(os.getuid()) >= 1


def test_the_machine_s_name_is_the_same_for_every_process():
    command = [
        sys.executable,
        "-c",
        "import sys; sys.path.append(sys.argv[1]); import proc; print(proc.machine())",
        os.path.dirname(proc.__file__),
    ]
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert seen == proc.machine() != ""
