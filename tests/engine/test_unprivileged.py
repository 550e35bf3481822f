"""The same for an ordinary user, who may make neither mounts nor control groups."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from tests.engine.conftest import PATH

NOBODY = 65534
# Reading is left to it, or it could not run a Python that lies in root's home.
AS_NOBODY = (
    "setpriv",
    *("--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"),
    *("--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"),
    "--bounding-set=-all,+dac_read_search",
)
PROGRAM = """
import json, os, sys
from dataclasses import asdict
from pathlib import Path
from kennel.engine import LocalEngine, Mount, Network, ProcessSpec
home, line, fields = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
mounts = tuple(Mount(Path(source), target) for source, target in fields.pop("mounts", []))
if "port" in fields:
    fields["network"] = Network(home / "network", (fields.pop("port"),))
environment = {"PATH": fields.pop("path")}
command = ("sh", "-c", line)
with LocalEngine() as engine:
    spec = ProcessSpec(home / "process", command, environment, home, mounts=mounts,
        writable=(home,), **fields)
    process = engine.run(spec)
    ended = process.wait()
    capabilities = asdict(engine.capabilities)
    if spec.network:
        engine.adopt(spec.network.folder).stop(0)
print(json.dumps({"exit": asdict(ended), "log": spec.log.read_text(), **capabilities}))
"""


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="kennel-nobody-") as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)


@pytest.fixture
def run(home):
    def run(line: str, **fields):
        given = json.dumps({"path": PATH, **fields})
        done = subprocess.run(
            [
                *(AS_NOBODY if os.geteuid() == 0 else ()),
                *(sys.executable, "-c", PROGRAM, home, line, given),
            ],
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": PATH},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_opt_ml_appears_by_a_user_namespace(run, home):
    (home / "ml").mkdir()
    (home / "ml").chmod(0o777)
    target = f"/opt/kennel-test-{os.getpid()}/ml"
    seen = run(
        f"id -u; hostname; echo weights > {target}/model; grep CapEff /proc/self/status",
        mounts=[[str(home / "ml"), target]],
        host_name="algo-2",
    )
    assert seen["exit"]["code"] == 0
    assert seen["mount_namespaces"]
    uid, host, capabilities = seen["log"].splitlines()
    assert host == "algo-2"
    assert uid == str(NOBODY if os.geteuid() == 0 else os.getuid())
    assert int(capabilities.split()[1], 16) == 0
    assert (home / "ml" / "model").read_text() == "weights\n"
    assert not Path(target).parent.exists()


def greet(server: socket.socket) -> None:
    with server.accept()[0] as peer:
        peer.sendall(b"hello\n")


def test_a_network_of_its_own_comes_by_a_user_namespace_and_goes_with_mounts(run, home):
    (home / "ml").mkdir()
    target = f"/opt/kennel-test-{os.getpid()}/ml"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=greet, args=(server,), daemon=True).start()
        seen = run(
            f"id -u; hostname; ls -d {target}; bash -c 'cat < /dev/tcp/127.0.0.1/{port}'; "
            f"bash -c 'cat < /dev/tcp/127.0.0.1/{port + 1}'; grep CapEff /proc/self/status",
            port=port,
            mounts=[[str(home / "ml"), target]],
            host_name="algo-2",
        )
    uid = NOBODY if os.geteuid() == 0 else os.getuid()
    log = seen["log"].splitlines()
    assert log[:3] == [str(uid), "algo-2", target]
    assert log[3].startswith("hello")
    assert "Connection refused" in seen["log"]
    assert int(log[-1].split()[1], 16) == 0
    assert seen["exit"]["code"] == 0


def test_memory_is_held_by_looking(run):
    seen = run(
        "x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; sleep 0.02; done", memory_bytes=50 * 1024 * 1024
    )
    assert seen["exit"]["out_of_memory"]
    assert seen["exit"]["signal"] == 9


def test_processes_are_held_by_the_kernel_s_limit(run):
    line = "for i in $(seq 200); do sleep 30 & done; echo all started"
    assert "all started" not in run(line, processes=20)["log"]


def test_it_says_what_it_cannot_hold(run):
    seen = run("exit 0")
    if seen["memory"] == "polling":
        assert "every 0.2 s" in seen["limits"][0]
    else:
        assert seen["memory"] in ("cgroup1", "cgroup2")
