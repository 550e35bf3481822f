"""A hostile process: what it tries fails with the operating system's ordinary error."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kennel.engine import LocalEngine
from kennel.engine.limits import Limits
from kennel.engine.refusals import Refusals, isolation_notes
from tests.engine.conditions import text_of, until

ATTEMPTS = """
import ctypes, json, os, resource, signal, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)

def system_call(answer):
    if answer != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

def read(path):
    return lambda: open(path, "rb").read(1)

def write(path):
    return lambda: open(path, "wb").write(b"x")

state, other, home = sys.argv[1:4]
attempts = {
    "state": read(state + "/kennel.db"),
    "credentials": read(state + "/credentials"),
    "another job": read(other + "/secret"),
    "its own record": write(state + "/mine/process/exit.json"),
    "keys in the home": read(home + "/.aws/credentials"),
    "the machine's files": write("/etc/kennel-was-here"),
    "the machine's settings": write("/proc/sys/kernel/core_pattern"),
    "control groups": write("/sys/fs/cgroup/kennel-was-here"),
    "disks": lambda: [os.open("/dev/" + d, os.O_RDONLY) for d in ("vda", "sda", "nvme0n1", "mem")],
    "a mount": lambda: system_call(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
    "unmounting": lambda: system_call(libc.umount2(b"/proc", 2)),
    "a namespace": lambda: system_call(libc.unshare(0x10000000)),
    "becoming root": lambda: os.setuid(0),
    "a file that is too large": lambda: open("big", "wb").write(b"x" * (2 << 20)),
    "more files than allowed": lambda: [open("/dev/null") for _ in range(200)],
}
found = {}
for name, attempt in attempts.items():
    try:
        attempt()
        found[name] = "done"
    except OSError as error:
        found[name] = type(error).__name__
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
found["pids"] = pids
found["status"] = [
    line.split(":")[1].strip()
    for line in open("/proc/self/status")
    if line.startswith(("CapEff", "CapBnd", "NoNewPrivs"))
]
found["uid"] = os.getuid()
found["core"] = resource.getrlimit(resource.RLIMIT_CORE)
found["environments"] = [open(f"/proc/{pid}/environ").read() for pid in pids if pid == os.getpid()]
os.kill(-1, signal.SIGCONT) if len(pids) > 2 else None
open("/tmp/scratch", "w").write("x")
print(json.dumps(found))
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    for name in ("mine", "other"):
        (folder / name).mkdir(parents=True)
    for name in ("kennel.db", "credentials", "other/secret"):
        (folder / name).write_text("secret")
    return folder


@pytest.fixture
def found(state: Path, tmp_path: Path, python, monkeypatch):
    """What a hostile process got, while another one with a secret ran."""
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text("secret")
    monkeypatch.setenv("HOME", str(home))
    with LocalEngine(hidden=(state,)) as engine:
        neighbour = engine.run(
            python(
                "import time; print(1, flush=True); time.sleep(300)",
                working_directory=Path("/"),
                writable=(),
            )
        )
        until(lambda: text_of(neighbour.folder / "log"))
        spec = python(
            ATTEMPTS,
            folder=state / "mine" / "process",
            working_directory=state / "mine",
            writable=(state / "mine",),
            file_bytes=1 << 20,
            open_files=100,
            environment={"PATH": "/usr/bin:/bin", "MINE": "yes"},
        )
        arguments = (str(state), str(state / "other"), str(home))
        spec = type(spec)(**{**_fields(spec), "command": (*spec.command, *arguments)})
        ended = engine.run(spec).wait()
        neighbour.stop(0)
        assert ended is not None
        assert ended.code == 0, spec.log.read_text()
        return json.loads(spec.log.read_text())


def _fields(spec):
    return {name: getattr(spec, name) for name in spec.__dataclass_fields__}


def test_a_hostile_process_gets_nowhere_and_runs_on(found, state):
    pids, status = found.pop("pids"), found.pop("status")
    assert pids == [1, 2]
    assert status == ["0" * 16, "0" * 16, "1"]
    assert found.pop("uid") != 0
    assert found.pop("core") == [0, 0]
    assert len(found.pop("environments")) == 1
    assert "done" not in found.values(), found
    assert sorted(os.listdir(state / "mine")) == ["big", "process"]
    assert not Path("/tmp/scratch").exists()


def test_shared_memory_and_worker_processes_are_there(engine, python, tmp_path):
    program = """
import multiprocessing, os, pty
from multiprocessing import shared_memory
def work(name):
    block = shared_memory.SharedMemory(name)
    block.buf[0] = 7
    block.close()
if __name__ == "__main__":
    block = shared_memory.SharedMemory(create=True, size=64)
    worker = multiprocessing.get_context("fork").Process(target=work, args=(block.name,))
    worker.start()
    worker.join()
    print(block.buf[0], len(pty.openpty()), os.path.exists("/dev/null"))
    block.unlink()
"""
    engine.run(spec := python(program)).wait()
    assert spec.log.read_text() == "7 2 True\n"


def test_a_pid_inside_leads_to_the_one_outside(engine, python):
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(300)"
    process = engine.run(spec := python(program))
    number = int(until(lambda: text_of(spec.log)))
    start = process.command[1]
    assert process.pid_of(number, start) == process.pid
    assert process.pid_of(number, start + 1) is None
    process.stop(0)
    assert process.pid_of(number, start) is None


def test_what_a_machine_can_not_keep_from_a_process_is_said_with_what_would_help():
    refusals = Refusals("python")
    refusals._found = dict.fromkeys(("mounts", "users", "processes", "network"), "")
    assert isolation_notes(refusals) == ()
    refusals._found |= {"users": "no room"}
    assert "root inside" in isolation_notes(refusals)[0]
    assert "user.max_user_namespaces" in isolation_notes(refusals)[0]
    refusals._found |= {"processes": "not this one"}
    assert "their environments" in isolation_notes(refusals)[1]
    refusals._found |= {"mounts": "nothing here"}
    (note,) = isolation_notes(refusals)
    assert "plane's state" in note


def test_without_namespaces_a_process_still_has_no_capabilities(python, monkeypatch):
    names = ("mounts", "users", "processes", "network")
    with LocalEngine(limits=Limits()) as engine:
        engine._refusals._found = dict.fromkeys(names, "not here")
        spec = python("print(open('/proc/self/status').read())")
        engine.run(spec).wait()
    text = spec.log.read_text()
    assert "CapEff:\t0000000000000000" in text
    assert "NoNewPrivs:\t1" in text
