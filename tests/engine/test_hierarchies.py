"""Finding the control groups that one may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.engine.hierarchies import (
    CgroupMount,
    Hierarchy,
    discover,
    own_folder,
    parse_groups,
    parse_mounts,
)

V1 = """\
23 1 254:0 / / rw,relatime - ext4 /dev/vda rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
"""


def test_the_mounts_of_both_versions_are_found():
    assert parse_mounts(V1) == [
        CgroupMount(1, "/", "/sys/fs/cgroup/cpu,cpuacct", frozenset({"cpu", "cpuacct"})),
        CgroupMount(1, "/", "/sys/fs/cgroup/memory", frozenset({"memory"})),
        CgroupMount(1, "/", "/sys/fs/cgroup/systemd", frozenset()),
        CgroupMount(2, "/", "/sys/fs/cgroup/unified", frozenset()),
    ]


def test_a_mount_point_may_hold_spaces():
    line = r"32 31 0:29 /a\040b /c\134d\011e rw - cgroup cgroup rw,memory"
    assert parse_mounts(line) == [CgroupMount(1, "/a b", "/c\\d\te", frozenset({"memory"}))]


def test_the_own_groups_are_found_by_controller():
    text = "9:name=systemd:/s\n4:cpu,cpuacct:/a:b\n3:memory:/m\n0::/user.slice\n"
    assert parse_groups(text) == {
        "name=systemd": "/s",
        "cpu": "/a:b",
        "cpuacct": "/a:b",
        "memory": "/m",
        "": "/user.slice",
    }


@given(st.text())
def test_any_text_can_be_parsed(text):
    parse_mounts(text)
    parse_groups(text)


@pytest.mark.parametrize(
    ("root", "path", "folder"),
    [
        ("/", "/", "/cg"),
        ("/", "/a/b", "/cg/a/b"),
        ("/docker/1", "/docker/1", "/cg"),
        ("/docker/1", "/docker/1/x", "/cg/x"),
        ("/docker/1", "/docker/12", "/cg"),  # a container that sees the host's paths
        ("/", "/../../x", "/cg"),  # a group outside of the cgroup namespace
    ],
)
def test_the_own_folder_is_where_the_group_is_visible(root, path, folder):
    mount = CgroupMount(1, root, "/cg", frozenset({"memory"}))
    assert own_folder(mount, path) == Path(folder)


class Machine:
    """A /proc/self and a cgroup file system of plain folders."""

    def __init__(self, root: Path) -> None:
        self.proc = root / "proc"
        self.top = root / "cgroup"
        self.proc.mkdir()
        self.top.mkdir()

    def version_2(self, own: str) -> None:
        (self.proc / "mountinfo").write_text(f"1 2 0:1 / {self.top} rw - cgroup2 cgroup2 rw\n")
        (self.proc / "cgroup").write_text(f"0::{own}\n")

    def group(self, path: str, controllers: str = "", down: str = "", procs: str = "") -> Path:
        folder = self.top / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.controllers").write_text(controllers)
        (folder / "cgroup.subtree_control").write_text(down)
        (folder / "cgroup.procs").write_text(procs)
        if path:
            (folder / "cgroup.type").write_text("domain")
        return folder


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_version_2_uses_the_nearest_group_that_hands_memory_down(machine):
    machine.version_2("/user/app/scope")
    machine.group("", "cpu memory pids", "cpu memory pids")
    machine.group("user", "cpu memory pids", "memory pids")
    app = machine.group("user/app", "memory pids", "memory pids")
    machine.group("user/app/scope", "memory pids", procs="77\n")
    found = discover(machine.proc)
    assert found == (Hierarchy(2, app, frozenset({"memory", "pids"})),)
    assert sorted(file.name for file in app.iterdir() if file.is_dir()) == ["scope"]


def test_version_2_asks_an_empty_group_to_hand_down(machine):
    machine.version_2("/service/plane")
    service = machine.group("service", "cpu io memory pids")
    machine.group("service/plane", "", procs="77\n")
    discover(machine.proc)
    assert (service / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"


def test_version_2_moves_nobody_out_of_a_group_that_holds_processes(machine):
    machine.version_2("/scope")
    machine.group("", "", "")
    scope = machine.group("scope", "memory", procs="77\n")
    assert discover(machine.proc) == (Hierarchy(2, scope, frozenset()),)
    assert (scope / "cgroup.subtree_control").read_text() == ""


def test_a_hierarchy_that_is_mounted_twice_is_used_once(machine):
    machine.version_2("/")
    machine.group("", "memory", "memory")
    line = (machine.proc / "mountinfo").read_text()
    (machine.proc / "mountinfo").write_text(line * 2)
    assert len(discover(machine.proc)) == 1


def test_what_cannot_be_written_is_not_used(machine):
    (machine.proc / "mountinfo").write_text("1 2 0:1 / /proc/1 rw - cgroup cgroup rw,memory\n")
    (machine.proc / "cgroup").write_text("4:memory:/\n")
    assert discover(machine.proc) == ()


def test_a_machine_without_control_groups_has_none(tmp_path):
    assert discover(tmp_path) == ()


def test_looking_leaves_nothing_behind():
    for hierarchy in discover():
        assert not list(hierarchy.folder.glob("kennel-probe-*"))
