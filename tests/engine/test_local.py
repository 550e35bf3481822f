"""A process's life, from its spec to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kennel.engine import (
    EngineStoppedError,
    FolderInUseError,
    LocalEngine,
    Mount,
    MountError,
    SpecError,
    StartError,
    refusals,
)
from kennel.engine.limits import Limits
from kennel.engine.shim import cgroup
from tests.engine.conditions import is_gone, pid_of, text_of, until


@pytest.mark.parametrize("code", [0, 1, 2, 77, 255])
def test_an_exit_code_comes_back(engine, shell, code):
    ended = engine.run(shell(f"exit {code}")).wait()
    assert (ended.code, ended.signal, ended.out_of_memory, ended.lost) == (code, None, False, False)
    assert 0 < ended.started <= ended.ended


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_death_by_signal_says_which(engine, shell, number):
    ended = engine.run(shell(f"kill -{int(number)} $$")).wait()
    assert (ended.code, ended.signal) == (128 + number, number)
    assert not ended.out_of_memory


def test_a_crash_leaves_no_core_file(engine, shell, tmp_path):
    engine.run(shell("ulimit -c; kill -SEGV $$")).wait()
    assert (tmp_path / "process-0" / "log").read_text() == "0\n"


def test_poll_is_none_until_the_end_and_the_end_for_ever_after(engine, shell, tmp_path):
    process = engine.run(shell("until [ -e go ]; do sleep 0.01; done; exit 5"))
    assert process.poll() is None
    assert process.wait(0.01) is None
    (tmp_path / "go").touch()
    assert process.wait().code == 5
    assert process.poll() == process.wait()


def test_the_environment_is_exactly_the_one_given(engine, shell):
    environment = {"A": "1", "with space": "x=y", "EMPTY": "", "LANG": "ü\udcff\n"}
    spec = shell("", command=("/bin/cat", "/proc/self/environ"), environment=environment)
    engine.run(spec).wait()
    wanted = {os.fsencode(f"{name}={value}") for name, value in environment.items()}
    assert set(spec.log.read_bytes().split(b"\0")) == wanted | {b""}


def test_an_environment_is_on_no_disk_and_no_command_line(engine, shell):
    spec = shell("echo started; sleep 60", environment={"PATH": "/bin", "SECRET": "hunter" + "2"})
    process = engine.run(spec)
    until(lambda: text_of(spec.log))
    for file in spec.folder.iterdir():
        assert b"hunter2" not in file.read_bytes()
    for pid in process.shim[0], process.pid:
        assert b"hunter2" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert b"hunter2" not in Path(f"/proc/{process.shim[0]}/environ").read_bytes()
    process.kill()


def test_arguments_of_any_bytes_and_size_arrive(engine, shell):
    arguments = ("a b", "", "ü\udcfe", "x" * 100_000, "'\"\\")
    spec = shell("", command=("/usr/bin/printf", "%s|", *arguments))
    engine.run(spec).wait()
    assert spec.log.read_bytes() == b"".join(os.fsencode(text) + b"|" for text in arguments)


def test_it_starts_in_its_working_directory_with_plain_streams(engine, shell, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    spec = shell("pwd; umask; readlink /proc/self/fd/0; ls /proc/self/fd", working_directory=folder)
    engine.run(spec).wait()
    # ls has a fourth descriptor for what it lists.
    assert spec.log.read_text() == f"{folder}\n0022\n/dev/null\n0\n1\n2\n3\n"


def test_no_signal_is_ignored_or_blocked(engine, shell):
    spec = shell("", command=("cat", "/proc/self/status"))
    engine.run(spec).wait()
    lines = dict(line.split(":\t") for line in spec.log.read_text().splitlines() if ":\t" in line)
    assert int(lines["SigBlk"], 16) == 0
    the_c_librarys_own = 1 << 31 | 1 << 32  # nobody can change those
    assert int(lines["SigIgn"], 16) & ~the_c_librarys_own == 0


def test_the_log_keeps_both_streams_whole_and_in_order(engine, python):
    spec = python("import os\nfor i in range(20000): os.write(1 + i % 2, b'%d\\n' % i)")
    engine.run(spec).wait()
    assert spec.log.read_text().split() == [str(i) for i in range(20_000)]


def test_the_log_can_be_read_while_it_runs(engine, shell):
    process = engine.run(spec := shell("echo early; sleep 60"))
    until(lambda: text_of(spec.log) == "early\n")
    process.kill()


@pytest.mark.parametrize(
    ("name", "code"), [("no-such-program", 127), ("/no/such", 127), ("/etc/passwd", 126)]
)
def test_a_command_that_cannot_be_executed_ends_as_in_a_shell(engine, shell, name, code):
    spec = shell("", command=(name,))
    assert engine.run(spec).wait().code == code
    assert spec.log.read_text().startswith(f"kennel: {name} could not be executed: ")


def test_a_file_without_an_interpreter_line_does_not_run(engine, shell, tmp_path):
    script = tmp_path / "script"
    script.write_text("echo hello\n")
    script.chmod(0o755)
    assert engine.run(shell("", command=(str(script),))).wait().code == 126


def test_stop_lets_it_clean_up(engine, shell):
    spec = shell("trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.01; done")
    process = engine.run(spec)
    until(lambda: text_of(spec.log))
    assert process.stop(30).code == 9
    assert spec.log.read_text().endswith("bye\n")


def test_stop_kills_what_does_not_listen(each_engine, shell):
    spec = shell("trap '' TERM; echo up; while :; do sleep 0.01; done")
    process = each_engine.run(spec)
    until(lambda: text_of(spec.log))
    ended = process.stop(0.05)
    assert (ended.code, ended.signal, ended.out_of_memory) == (137, signal.SIGKILL, False)


def test_stop_after_the_end_is_the_end(engine, shell):
    process = engine.run(shell("exit 3"))
    assert process.wait() == process.stop(1)
    process.terminate()
    process.kill()


def test_terminate_reaches_the_whole_process_group(engine, shell):
    spec = shell("sh -c 'trap \"echo child\" TERM; echo up; while :; do sleep 0.01; done' & wait")
    process = engine.run(spec)
    until(lambda: text_of(spec.log))
    process.terminate()
    assert process.wait().signal == signal.SIGTERM


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        open("daemon", "w").write(str(os.getpid()))
        os.rename("daemon", "daemon.pid")
        time.sleep(300)
    os._exit(0)
while not os.path.exists("daemon.pid"):
    time.sleep(0.005)
"""


def test_descendants_that_hid_in_a_session_of_their_own_die_with_it(each_engine, python, tmp_path):
    wait = "while not os.path.exists('go'): time.sleep(0.01)"
    process = each_engine.run(python(DAEMON + wait))
    number = int(until(lambda: text_of(tmp_path / "daemon.pid")))
    daemon = pid_of(process.shim[0], number)
    (tmp_path / "go").touch()
    assert process.wait().code == 0
    assert is_gone(daemon)


def test_kill_takes_everything_that_belongs_to_it(each_engine, python, tmp_path):
    process = each_engine.run(python(DAEMON + "time.sleep(300)"))
    number = int(until(lambda: text_of(tmp_path / "daemon.pid")))
    daemon = pid_of(process.shim[0], number)
    process.kill()
    assert process.wait().signal == signal.SIGKILL
    assert is_gone(daemon)


def test_a_fork_bomb_dies_to_the_last(each_engine, python):
    bomb = """
import os, time
for _ in range(6): os.fork()
os.write(1, b"x")
time.sleep(300)
"""
    process = each_engine.run(spec := python(bomb))
    until(lambda: len(text_of(spec.log)) == 64)
    shim = process.shim[0]
    process.kill()
    assert process.wait().signal == signal.SIGKILL
    until(lambda: is_gone(shim))


def test_no_control_group_and_no_zombie_stays_behind(engine, shell):
    process = engine.run(shell("exit 0"))
    process.wait()
    # Nobody asks the engine to: its own thread waits for the shim.
    until(lambda: not Path(f"/proc/{process.shim[0]}").exists())
    name = cgroup.leaf_name(*process.shim)
    assert not [folder for folder in Limits.of_this_machine().folders if (folder / name).exists()]


def test_a_hundred_at_once_all_have_their_end(engine, shell):
    def run(code):
        return engine.run(shell(f"exit {code}")).wait().code

    with ThreadPoolExecutor(24) as pool:
        assert list(pool.map(run, range(100))) == list(range(100))


def test_waiting_needs_no_watcher(shell):
    engine = LocalEngine()
    engine.start()
    process = engine.run(shell("until [ -e go ]; do sleep 0.01; done"))
    engine.stop()
    assert process.poll() is None
    (shell("").working_directory / "go").touch()
    ended = process.wait()
    assert ended is not None
    assert ended.code == 0
    os.waitpid(process.shim[0], 0)


def test_an_old_kernel_without_pidfds_will_do(monkeypatch, shell):
    monkeypatch.delattr(os, "pidfd_open")
    with LocalEngine() as engine:
        process = engine.run(shell("sleep 300"))
        assert process.wait(0.03) is None
        assert process.stop(30).signal == signal.SIGTERM
        until(lambda: not Path(f"/proc/{process.shim[0]}").exists())


def test_usage_counts_children_that_ended(each_engine, python, tmp_path):
    program = """
import os, time
if os.fork() == 0:
    while time.process_time() < 0.3: pass
    os._exit(0)
os.wait()
held = b"x" * 40_000_000
open("ready", "w").close()
while not os.path.exists("go"): time.sleep(0.005)
"""
    process = each_engine.run(python(program))
    until((tmp_path / "ready").exists)
    usage = process.usage()
    assert usage.cpu_seconds >= 0.29
    assert 40_000_000 < usage.memory_bytes < 80_000_000
    assert usage.peak_memory_bytes >= usage.memory_bytes
    (tmp_path / "go").touch()
    process.wait()
    after = process.usage()
    assert after.cpu_seconds >= 0.29
    assert after.memory_bytes == 0
    assert after.peak_memory_bytes >= 40_000_000


def test_a_folder_records_one_process_only(engine, shell):
    spec = shell("exit 0")
    engine.run(spec).wait()
    with pytest.raises(FolderInUseError, match="another folder"):
        engine.run(spec)


@pytest.mark.parametrize(
    "wrong",
    [
        {"command": ()},
        {"command": ("a\0b",)},
        {"environment": {"A=B": "c"}},
        {"environment": {"": "c"}},
        {"environment": {"A": "\0"}},
        {"working_directory": Path("relative")},
        {"folder": Path("relative")},
        {"memory_bytes": 0},
        {"cpus": -1.0},
        {"processes": 0},
        {"host_name": "two words"},
        {"mounts": (Mount(Path("/tmp"), "relative"),)},
        {"mounts": (Mount(Path("relative"), "/opt/ml"),)},
        {"mounts": (Mount(Path("/tmp"), "/opt/../etc"),)},
        {"mounts": (Mount(Path("/tmp"), "/"),)},
        {"mounts": (Mount(Path("/tmp"), "/a"), Mount(Path("/etc"), "/a"))},
    ],
)
def test_what_no_machine_could_run_is_refused_before_anything_happens(engine, shell, wrong):
    spec = shell("exit 0", **wrong)
    with pytest.raises(SpecError):
        engine.run(spec)
    assert not spec.folder.exists()


def test_a_start_that_fails_says_why_and_leaves_nothing_running(engine, shell, tmp_path):
    spec = shell("exit 0", working_directory=tmp_path / "absent")
    with pytest.raises(StartError, match=r"working directory .*absent: No such file"):
        engine.run(spec)
    assert engine.adopt(spec.folder) is None
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="Not a directory"):
        engine.run(shell("exit 0", folder=tmp_path / "file" / "folder"))


def test_an_interpreter_that_is_absent_is_a_failed_start(shell):
    with LocalEngine(python="/no/python") as engine, pytest.raises(StartError, match="/no/python"):
        engine.run(shell("exit 0"))


def test_a_machine_without_mount_namespaces_says_so(monkeypatch, shell, tmp_path):
    monkeypatch.setattr(
        refusals, "_try", lambda python: dict.fromkeys(NAMESPACES, "only Linux has any")
    )
    with LocalEngine() as engine:
        assert not engine.capabilities.mount_namespaces
        assert any("Mounts are refused" in line for line in engine.capabilities.limits)
        with pytest.raises(MountError, match="/opt/ml can't be provided here: only Linux"):
            engine.run(shell("exit 0", mounts=(Mount(tmp_path, "/opt/ml"),)))


def test_the_engine_must_be_started(shell):
    engine = LocalEngine()
    with pytest.raises(EngineStoppedError, match="start"):
        engine.run(shell("exit 0"))


def test_the_plane_leaves_no_descriptor_with_its_processes(engine, shell, tmp_path):
    with (tmp_path / "port").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        process = engine.run(shell("sleep 300"))
    for pid in process.shim[0], process.pid:
        listed = subprocess.run(["ls", "-l", f"/proc/{pid}/fd"], capture_output=True, text=True)
        assert "/log" in listed.stdout
        assert "port" not in listed.stdout
    process.kill()


def test_signals_meant_for_the_plane_do_not_touch_a_shim(engine, shell, tmp_path):
    process = engine.run(shell("until [ -e go ]; do sleep 0.01; done; exit 6"))
    for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        os.kill(process.shim[0], number)
    (tmp_path / "go").touch()
    assert process.wait().code == 6


NAMESPACES = ("mounts", "users", "processes", "network")
FULL_DISK = """
import subprocess, sys
from pathlib import Path
from kennel.engine import LocalEngine, ProcessSpec
disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
with LocalEngine() as engine:
    line = "cat /dev/zero > fill; exit 4"
    rest = {"PATH": "/usr/bin:/bin"}, disk
    spec = ProcessSpec(disk / "a", ("sh", "-c", line), *rest, writable=(disk,))
    print(engine.run(spec).wait().code)
    try:
        engine.run(ProcessSpec(disk / "b", ("true",), *rest, writable=(disk,)))
    except Exception as error:
        print(error)
"""


def test_a_full_disk_does_not_swallow_an_end_and_refuses_a_start(tmp_path):
    command = ("unshare", "--map-root-user", "--mount", sys.executable, "-c", FULL_DISK, tmp_path)
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == "4"
    assert "No space left on device" in second
