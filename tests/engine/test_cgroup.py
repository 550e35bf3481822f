"""Control groups by their files."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.engine.hierarchies import discover
from kennel.engine.shim import cgroup, proc

# Owned by a living process: what a dead one owns, any engine that starts may remove.
OWN = cgroup.leaf_name(os.getpid(), proc.start_time(os.getpid()) or 0)


@given(st.integers(min_value=1), st.integers(min_value=0))
def test_a_leaf_s_name_tells_its_owner(pid, start):
    assert cgroup.leaf_owner(cgroup.leaf_name(pid, start)) == (pid, start)


@pytest.mark.parametrize("name", ["", "kennel-", "kennel-1", "kennel-1-", "kennel-a-1", "user-1-2"])
def test_a_folder_of_others_has_no_owner(name):
    assert cgroup.leaf_owner(name) is None


@given(st.text())
def test_any_name_can_be_asked_for_its_owner(name):
    cgroup.leaf_owner(name)


def test_every_hierarchy_of_this_machine_can_kill_and_be_removed():
    for hierarchy in discover():
        leaf = cgroup.create(str(hierarchy.folder), OWN, [])
        with subprocess.Popen(["sleep", "30"]) as process:
            with open(f"{leaf}/cgroup.procs", "w") as file:
                file.write(str(process.pid))
            assert cgroup.members(leaf) == [process.pid]
            cgroup.kill([leaf])
            assert process.wait() == -9
        assert cgroup.remove([leaf]) == []
        assert cgroup.remove([leaf]) == []


def test_a_setting_that_is_refused_leaves_no_leaf():
    for hierarchy in discover():
        with pytest.raises(OSError):
            cgroup.create(str(hierarchy.folder), OWN, [("no.such.file", "1")])
        assert not (hierarchy.folder / OWN).exists()


@pytest.fixture
def leaf(tmp_path):
    def make(**files: str) -> list[str]:
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text)
        return [str(tmp_path)]

    return make


def test_processes_of_another_pid_namespace_are_not_signalled(leaf):
    # They read as 0, and kill(0) is a signal to oneself.
    assert cgroup.members(leaf(cgroup__procs="0\n12\n0\n")[0]) == [12]


def test_version_1_is_read(leaf):
    folders = leaf(
        cpuacct__usage="2500000000\n",
        memory__stat="cache 9\nrss 1\ntotal_rss 40\ntotal_shmem 2\n",
        memory__oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    )
    assert cgroup.cpu_seconds(folders) == 2.5
    assert cgroup.memory(folders) == 42
    assert cgroup.oom_kills(folders) == 3


def test_version_2_is_read(leaf):
    folders = leaf(
        cpu__stat="usage_usec 1500000\nuser_usec 1\n",
        memory__stat="anon 40\nfile 100\nshmem 2\n",
        memory__events="low 0\noom 1\noom_kill 1\noom_group_kill 1\n",
    )
    assert cgroup.cpu_seconds(folders) == 1.5
    assert cgroup.memory(folders) == 42
    assert cgroup.oom_kills(folders) == 1


def test_what_no_leaf_counts_is_not_known(tmp_path):
    assert cgroup.cpu_seconds([str(tmp_path)]) is None
    assert cgroup.memory([]) is None
    assert cgroup.oom_kills([]) == 0
    assert cgroup.watch_memory([str(tmp_path)]) is None
