"""Memory, CPUs and processes, by whatever this machine has to hold them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kennel.engine import Limits, LocalEngine
from kennel.engine.hierarchies import Hierarchy
from kennel.engine.records import read_record

MIB = 1 << 20
GROW = """
import time
held = []
for _ in range(60):
    held.append(bytearray(b"x" * (10 << 20)))
    time.sleep(0.03)
print("survived")
"""


def test_one_that_goes_over_its_memory_is_killed_and_its_exit_says_so(each_engine, python):
    spec = python(GROW, memory_bytes=100 * MIB)
    ended = each_engine.run(spec).wait()
    assert (ended.code, ended.signal, ended.out_of_memory) == (137, 9, True)
    assert "survived" not in spec.log.read_text()


def test_one_that_stays_within_its_memory_lives(each_engine, python):
    spec = python("held = bytearray(b'x' * (30 << 20)); print('fine')", memory_bytes=100 * MIB)
    assert each_engine.run(spec).wait().code == 0


def test_the_whole_group_counts_and_the_whole_group_dies(each_engine, python):
    # The child goes over; the parent would outlive it and end well.
    program = f"import os\nif os.fork() == 0:\n    exec({GROW!r})\nelse:\n    os.wait()\n"
    ended = each_engine.run(python(program, memory_bytes=100 * MIB)).wait()
    assert (ended.code, ended.out_of_memory) == (137, True)


def test_memory_that_forked_processes_share_counts_once(each_engine, python):
    program = """
import os, time
held = bytearray(b"x" * (60 << 20))
for _ in range(4):
    if os.fork() == 0:
        time.sleep(0.7)
        os._exit(0)
for _ in range(4):
    os.wait()
"""
    assert each_engine.run(python(program, memory_bytes=150 * MIB)).wait().code == 0


def test_page_cache_is_not_held_against_a_process(each_engine, python, tmp_path):
    program = f"""
block = b"x" * (1 << 20)
with open({str(tmp_path / "big")!r}, "wb") as file:
    for _ in range(150): file.write(block)
"""
    assert each_engine.run(python(program, memory_bytes=64 * MIB)).wait().code == 0


def test_a_kill_by_others_is_not_taken_for_want_of_memory(each_engine, shell):
    ended = each_engine.run(shell("kill -9 $$", memory_bytes=100 * MIB)).wait()
    assert (ended.signal, ended.out_of_memory) == (9, False)


def test_a_leaf_holds_the_limits_of_its_spec(engine, shell):
    spec = shell("sleep 300", memory_bytes=200 * MIB, cpus=0.5, processes=40)
    process = engine.run(spec)
    record = read_record(spec.folder)
    assert record is not None
    written = {
        file.name: file.read_text().strip()
        for folder in record.groups
        for file in Path(folder).iterdir()
        if file.name in ("memory.max", "memory.limit_in_bytes", "cpu.max", "pids.max")
        or file.name == "cpu.cfs_quota_us"
    }
    wanted = {
        "memory.max": str(200 * MIB),
        "memory.limit_in_bytes": str(200 * MIB),
        "cpu.max": "50000 100000",
        "cpu.cfs_quota_us": "50000",
    }
    held = {name for h in Limits.of_this_machine().holds(spec).groups for name, _ in h[1]}
    for name in held & wanted.keys():
        assert written[name] == wanted[name]
    if "pids.max" in held:  # the init of a pid namespace is one more
        assert written["pids.max"] in ("40", "41")
    process.kill()


def test_more_processes_than_allowed_are_refused_to_it(python):
    program = """
import os, time
count = 1
try:
    while count < 100:
        if os.fork() == 0:
            time.sleep(300)
        count += 1
except BlockingIOError:
    print(count)
"""
    limits = Limits.of_this_machine()
    with LocalEngine(limits=limits) as engine:
        engine.run(spec := python(program, processes=12)).wait()
    if limits.holds(spec).processes is None:
        assert spec.log.read_text() == "12\n"
    else:
        assert 1 < int(spec.log.read_text()) < 100  # the user's other processes come and go


def test_a_machine_with_control_groups_has_nothing_to_excuse():
    everything = frozenset({"cpu", "cpuacct", "memory", "pids"})
    limits = Limits([Hierarchy(2, Path("/cgroup"), everything)])
    assert limits.memory == "cgroup2"
    assert limits.notes == ()


@pytest.mark.parametrize("is_root", [True, False])
def test_a_machine_without_control_groups_says_what_it_cannot_hold(shell, is_root):
    limits = Limits(is_root=is_root)
    spec = shell("", memory_bytes=5, cpus=2.0, processes=7)
    assert limits.memory == "polling"
    assert [line.split(" ")[0] for line in limits.notes] == ["Memory", "A", "A"]
    assert limits.holds(spec).groups == ()
    assert limits.holds(spec).watch_bytes == 5
    # RLIMIT_NPROC means nothing to root.
    assert limits.holds(spec).processes == (None if is_root else 7)


def test_version_2_is_told_in_its_own_words(shell):
    limits = Limits([Hierarchy(2, Path("/cgroup"), frozenset({"cpu", "memory", "pids"}))])
    held = limits.holds(shell("", memory_bytes=100, cpus=0.001, processes=3))
    assert held.watch_bytes is None
    assert held.processes is None
    assert held.groups == (
        (
            "/cgroup",
            (
                ("memory.max", "100"),
                ("memory.swap.max", "0"),
                ("memory.oom.group", "1"),
                ("cpu.max", "1000 100000"),
                ("pids.max", "3"),
            ),
        ),
    )


def test_each_limit_goes_to_the_hierarchy_that_has_its_controller(shell):
    limits = Limits(
        [
            Hierarchy(1, Path("/m"), frozenset({"memory"})),
            Hierarchy(1, Path("/c"), frozenset({"cpu", "cpuacct"})),
            Hierarchy(2, Path("/u"), frozenset()),
        ]
    )
    spec = shell("", memory_bytes=100, cpus=3.0, processes=3)
    assert limits.memory == "cgroup1"
    assert limits.holds(spec).processes == 3  # by RLIMIT_NPROC: nobody has pids
    assert dict(limits.holds(spec).groups) == {
        "/m": (("memory.limit_in_bytes", "100"), ("memory.memsw.limit_in_bytes", "100")),
        "/c": (("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "300000")),
        "/u": (),
    }
