"""The network that a training job is in: the plane, its proxy, and nothing else."""

from __future__ import annotations

import http.server
import os
import re
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PlaneFactory
from tests.integration.model_archives import archive
from tests.integration.training_jobs import Training
from tests.planes import Plane, wait_until
from tests.runtimes.wheels import wheel

TWO = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}
# A user namespace in which no network namespace may be made stands for a machine that has none.
WITHOUT_NAMESPACES = (
    *("unshare", "--user", "--map-root-user", "sh", "-c"),
    *('echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"', "sh"),
)
CONNECT = """
import os, socket
for address in os.environ["ADDRESSES"].split():
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 10).close()
        print(address, "reached")
    except OSError as error:
        print(address, error.strerror or error)
"""


@pytest.fixture(scope="module")
def training(plane: Plane) -> Training:
    return Training(plane, bucket="network")


@pytest.fixture
def local() -> Iterator[str]:
    """Something that listens on this machine's loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def own_address() -> str:
    """An address of this machine that is not loopback: what stands for another host."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; only the route is looked up
        return str(probe.getsockname()[0])


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def site(own_address: str, tmp_path: Path) -> Iterator[str]:
    """A web server with a package index, at an address that is not loopback's."""
    package = tmp_path / "site" / "simple" / "tinything"
    package.mkdir(parents=True)
    name = "tinything-1.0-py3-none-any.whl"
    (package / name).write_bytes(wheel("tinything", "1.0", "VALUE = 42"))
    (package / "index.html").write_text(f'<a href="{name}">{name}</a>')
    handler = partial(_Quiet, directory=tmp_path / "site")
    server = http.server.ThreadingHTTPServer((own_address, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{own_address}:{server.server_port}"
    server.shutdown()
    server.server_close()


def completed(training: Training, name: str) -> str:
    """What a job that ended well printed."""
    job = training.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return "\n".join(training.lines(name))


CALLS = """
import boto3, urllib.request
print("endpoint:", boto3.client("sts").get_caller_identity()["Arn"])
aws = boto3.client("sts", endpoint_url="https://sts.eu-west-1.amazonaws.com")
print("captured:", aws.get_caller_identity()["Arn"])
with urllib.request.urlopen(f"http://{os.environ['SITE']}/simple/tinything/") as reply:
    print("proxied:", reply.status)
"""


def test_a_job_reaches_the_plane_and_by_its_proxy_other_hosts_but_nothing_directly(
    training: Training, plane: Plane, local: str, site: str
) -> None:
    reached = plane.url.removeprefix("http://")
    addresses = {"ADDRESSES": f"{reached} {local} {site} 198.51.100.1:443", "SITE": site}
    training.create("reaches", CONNECT + CALLS, environment=addresses)
    log = completed(training, "reaches")
    assert f"{reached} reached" in log
    assert f"{local} Connection refused" in log
    assert f"{site} Network is unreachable" in log
    assert "198.51.100.1:443 Network is unreachable" in log
    assert "endpoint: arn:aws:sts::000000000000:assumed-role/training/SageMaker" in log
    assert "captured: arn:aws:sts::000000000000:assumed-role/training/SageMaker" in log
    assert "proxied: 200" in log
    assert "network namespace" not in log


def test_requirements_are_installed_through_the_proxy(training: Training, site: str) -> None:
    host = site.rpartition(":")[0]
    files: dict[str, str | bytes] = {
        "train.py": "import tinything\nprint('tinything', tinything.VALUE)\n",
        "requirements.txt": f"--index-url http://{site}/simple\n--trusted-host {host}\ntinything\n",
    }
    key = "requires/sourcedir.tar.gz"
    training.s3.put_object(Bucket=training.bucket, Key=key, Body=archive(files))
    source = {"sagemaker_submit_directory": f'"s3://{training.bucket}/{key}"'}
    training.create("requires", "", hyperparameters=source)
    assert "tinything 42" in completed(training, "requires")


TRANSFER = """
import boto3, hashlib, os
s3, bucket = boto3.client("s3"), os.environ["BUCKET"]
with open("/opt/ml/large", "wb") as file:
    for _ in range(100):
        file.write(os.urandom(1_000_000))
s3.upload_file("/opt/ml/large", bucket, "large")
s3.download_file(bucket, "large", "/opt/ml/back")
def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
print("equal:", digest("/opt/ml/large") == digest("/opt/ml/back"))
print("size:", os.path.getsize("/opt/ml/back"))
"""


def test_a_hundred_megabytes_go_to_s3_and_come_back_whole(training: Training) -> None:
    training.create("transfers", TRANSFER, environment={"BUCKET": training.bucket})
    log = completed(training, "transfers")
    assert "equal: True" in log
    assert "size: 100000000" in log


DDP = """
import os, time, torch
import torch.distributed as dist
dist.init_process_group("gloo")
value = torch.ones(1)
dist.all_reduce(value)
print("sum:", value.item(), "port:", os.environ["MASTER_PORT"], flush=True)
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.01)
"""


def processes_of(state: Path) -> list[Path]:
    """The processes in /proc that lie in a state folder by command line or folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            place = os.readlink(entry / "cwd") + "\0"
            text = os.fsencode(place) + (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(state) + b"/" in text:
            found.append(entry)
    return found


def listening_to_others() -> set[int]:
    """The inodes of the sockets that listen in this machine's network beyond its loopback."""
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            address = fields[1].partition(":")[0]
            if fields[3] == "0A" and not address.endswith(("7F", "01000000")):
                found.add(int(fields[9]))
    return found


def sockets_of(process: Path) -> set[int]:
    found = set()
    try:
        for entry in (process / "fd").iterdir():
            if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(entry)):
                found.add(int(match[1]))
    except OSError:
        pass
    return found


def test_concurrent_jobs_meet_on_awss_port_and_nothing_of_them_listens_outside_of_loopback(
    plane_factory: PlaneFactory, tmp_path: Path
) -> None:
    plane = plane_factory()
    training = Training(plane)
    gate = tmp_path / "gate"
    names = ("meets", "meets-too")
    for name in names:
        training.create(
            name,
            DDP,
            environment={"GATE": str(gate)},
            hyperparameters={"sagemaker_torch_distributed_enabled": "true"},
            ResourceConfig=TWO,
        )
    folder = plane.state / "sagemaker" / "training"
    wait_until(
        lambda: sum("sum:" in log.read_text() for log in folder.glob("*/*/*/run-1/log")) == 4
    )
    outside = listening_to_others()
    assert not [entry for entry in processes_of(plane.state) if sockets_of(entry) & outside]
    networks = {os.readlink(e / "ns/net") for e in processes_of(folder)}
    networks -= {os.readlink("/proc/self/ns/net")}
    assert len(networks) == 2
    gate.touch()
    for name in names:
        log = completed(training, name)
        assert log.count("sum: 2.0 port: 7777") == 2
    wait_until(lambda: not processes_of(folder), what="no process of the jobs is left")
    assert not networks & all_networks()


def all_networks() -> set[str]:
    """Those that any process of this machine is in, or holds open."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            found.add(os.readlink(entry / "ns" / "net"))
            found |= {os.readlink(descriptor) for descriptor in (entry / "fd").iterdir()}
        except OSError:
            continue
    return found


ASKS = """
import boto3, os, time
sts = boto3.client("sts")
def ask():
    try:
        return bool(sts.get_caller_identity())
    except Exception as error:
        print("failed:", type(error).__name__, flush=True)
print("first:", ask(), flush=True)
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.01)
while not ask():
    time.sleep(0.05)
print("again:", True)
"""


def test_a_job_s_network_leads_to_the_plane_that_comes_after_one_that_was_killed(
    plane_factory: PlaneFactory, tmp_path: Path
) -> None:
    plane = plane_factory()
    training = Training(plane)
    gate = tmp_path / "gate"
    training.create("goes-on", ASKS, environment={"GATE": str(gate)})
    folder = plane.state / "sagemaker" / "training" / "goes-on"
    wait_until(
        lambda: "first: True" in "".join(p.read_text() for p in folder.glob("*/*/run-1/log"))
    )
    plane.kill()
    gate.touch()
    training = Training(plane.start())
    log = completed(training, "goes-on")
    assert log.count("first: True") == 1
    assert "again: True" in log
    wait_until(lambda: not processes_of(folder))


def test_a_job_that_ends_while_no_plane_is_there_is_cleared_away_by_the_next(
    plane_factory: PlaneFactory, tmp_path: Path
) -> None:
    plane = plane_factory()
    training = Training(plane)
    gate = tmp_path / "gate"
    gated = "import os, time\nwhile not os.path.exists(os.environ['GATE']): time.sleep(0.01)\n"
    training.create("left", gated, environment={"GATE": str(gate)})
    folder = plane.state / "sagemaker" / "training" / "left"
    wait_until(lambda: list(folder.glob("*/*/run-1/process.json")))
    plane.kill()
    gate.touch()
    wait_until(lambda: list(folder.glob("*/*/run-1/exit.json")))
    assert processes_of(folder)  # what keeps the network waits a while for others
    completed(Training(plane.start()), "left")
    wait_until(lambda: not processes_of(folder))


def test_a_plane_may_leave_jobs_in_the_machine_s_network(
    plane_factory: PlaneFactory, local: str
) -> None:
    training = Training(plane_factory("--job-network", "host"))
    training.create("host", CONNECT, environment={"ADDRESSES": local})
    log = completed(training, "host")
    assert f"{local} reached" in log
    assert "network namespace" not in log


ISOLATED = """
import boto3, json, os, socket, urllib.request
try:
    print("arn:", boto3.client("sts").get_caller_identity()["Arn"])
except Exception as error:
    print("boto3:", type(error).__name__)
print("keys:", sorted(name for name in os.environ if "KEY" in name or "PROXY" in name.upper()))
hosts, host = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
if host == hosts[0]:
    peer = socket.create_server((host, 7777)).accept()[0]
else:
    while True:
        try:
            peer = socket.create_connection((hosts[0], 7777))
            break
        except ConnectionRefusedError:
            pass
peer.sendall(host.encode() + b"\\n")
print("met", peer.makefile().readline().strip())
print("data:", open(os.environ["SM_CHANNEL_DATA"] + "/a").read())
open(os.environ["SM_MODEL_DIR"] + "/of-" + host, "w").write(host)
"""


def s3_channel(training: Training, name: str, prefix: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{training.bucket}/{prefix}"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def test_an_isolated_job_reaches_its_hosts_alone_and_has_no_keys(
    training: Training, plane: Plane, local: str
) -> None:
    """The code comes by a channel, as the SDK sends it for such a job."""
    reached = plane.url.removeprefix("http://")
    training.s3.put_object(Bucket=training.bucket, Key="isolated/a", Body=b"dogs")
    code = archive({"train.py": CONNECT + ISOLATED})
    training.s3.put_object(Bucket=training.bucket, Key="isolated-code/sourcedir.tar.gz", Body=code)
    directory = {"sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"'}
    training.create(
        "isolated",
        "",
        environment={"ADDRESSES": f"{reached} {local} 198.51.100.1:443"},
        hyperparameters=directory,
        EnableNetworkIsolation=True,
        ResourceConfig=TWO,
        InputDataConfig=[
            s3_channel(training, "data", "isolated/"),
            s3_channel(training, "code", "isolated-code/"),
        ],
    )
    log = completed(training, "isolated")
    assert log.count(f"{reached} Connection refused") == 2
    assert log.count(f"{local} Connection refused") == 2
    assert log.count("198.51.100.1:443 Network is unreachable") == 2
    assert log.count("boto3: NoCredentialsError") == 2
    assert log.count("keys: []") == 2
    assert "met algo-1" in log
    assert "met algo-2" in log
    assert log.count("data: dogs") == 2
    assert "EnableNetworkIsolation" not in log
    assert training.describe("isolated")["EnableNetworkIsolation"] is True
    assert training.artifacts("isolated") == {"of-algo-1": b"algo-1", "of-algo-2": b"algo-2"}


def test_a_machine_without_namespaces_runs_jobs_in_its_own_network_and_says_so(
    plane_factory: PlaneFactory, local: str
) -> None:
    plane = plane_factory(prefix=WITHOUT_NAMESPACES)
    training = Training(plane)
    training.create("open", CONNECT, environment={"ADDRESSES": local})
    log = completed(training, "open")
    assert f"{local} reached" in log
    assert (
        "[kennel] This machine gives Kennel no network namespace (No space left on device), so "
        "this job is in the machine's own network: a script that ignores its proxy settings could "
        "reach AWS."
    ) in log
    assert "No process can have a network of its own" in plane.command("status").stdout
    # Isolation that was asked for is never silently left out.
    training.create("closed", CONNECT, EnableNetworkIsolation=True)
    job = training.wait("closed")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "ClientError: EnableNetworkIsolation can't be held: this machine gives Kennel no network "
        "namespace (No space left on device). Leave it out, and the job runs in the machine's "
        "network."
    )
