"""Training jobs on several instances, by boto3 against a real plane."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.integration.training_jobs import Training
from tests.planes import Plane, wait_until

TORCHRUN = {"sagemaker_torch_distributed_enabled": "true"}


@pytest.fixture(scope="module")
def training(plane: Plane) -> Training:
    return Training(plane, bucket="hosts")


def instances(count: int) -> dict[str, Any]:
    return {
        "InstanceType": "ml.m5.large",
        "InstanceCount": count,
        "VolumeSizeInGB": 10,
    }


def log_of(training: Training, name: str, host: str) -> str:
    """What one host of a job has printed."""
    [stream] = training.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/{host}-"
    )["logStreams"]
    pages = training.logs.get_paginator("filter_log_events").paginate(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNames=[stream["logStreamName"]]
    )
    return "\n".join(event["message"] for page in pages for event in page["events"])


def finished(training: Training, name: str) -> dict[str, Any]:
    job = training.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return job


# Trains a line of 8 weights on 32 rows for 20 steps; each process takes its part of every batch.
DDP = """
import os, time, torch
import torch.distributed as dist

world = int(os.environ.get("WORLD_SIZE", "1"))
rank = int(os.environ.get("RANK", "0"))
torch.manual_seed(0)
rows, target = torch.randn(32, 8), torch.randn(32, 1)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
if world > 1:
    dist.init_process_group("gloo")
    model = torch.nn.parallel.DistributedDataParallel(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
size = int(os.environ["BATCH"])
for step in range(20):
    batch = torch.arange(step * size * world, (step + 1) * size * world) % 32
    mine = batch[rank * size : (rank + 1) * size]
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(model(rows[mine]), target[mine]).backward()
    optimizer.step()
with torch.no_grad():
    loss = torch.nn.functional.mse_loss(model(rows), target).item()
print(f"rank {rank} of {world} at {os.environ.get('MASTER_ADDR')}: final loss: {loss:.7f};")
if rank == 0:
    torch.save(model.state_dict(), os.environ["SM_MODEL_DIR"] + "/model.pth")
if world > 1:
    # gloo aborts a process whose peer is gone before it has left its last operation.
    dist.barrier()
    time.sleep(1.0)
    dist.destroy_process_group()
"""


def test_two_hosts_reach_the_loss_of_one_with_the_doubled_batch(training: Training) -> None:
    metrics = {"loss": r"final loss: ([0-9.]+);"}
    training.create("ddp-one", DDP, environment={"BATCH": "8"}, metrics=metrics)
    # Two distributed jobs side by side: neither meets the other's hosts.
    for name in ("ddp-two", "ddp-two-more"):
        training.create(
            name,
            DDP,
            environment={"BATCH": "4"},
            metrics=metrics,
            hyperparameters=TORCHRUN,
            ResourceConfig=instances(2),
        )
    losses = {}
    for name in ("ddp-one", "ddp-two", "ddp-two-more"):
        [final] = finished(training, name)["FinalMetricDataList"]
        losses[name] = final["Value"]
        assert list(training.artifacts(name)) == ["model.pth"]
    assert losses["ddp-two"] == pytest.approx(losses["ddp-one"], abs=1e-4)
    assert losses["ddp-two-more"] == pytest.approx(losses["ddp-one"], abs=1e-4)
    assert losses["ddp-one"] < 1.0
    assert "rank 0 of 2 at algo-1" in log_of(training, "ddp-two", "algo-1")
    assert "rank 1 of 2 at algo-1" in log_of(training, "ddp-two", "algo-2")
    assert "[kennel] This job has 2 instances" not in "\n".join(training.lines("ddp-two"))


# Ends only once both hosts have begun, so that both are seen at work.
ALONE = """
import os, pathlib, time
host = os.environ["SM_CURRENT_HOST"]
shared = os.environ["KENNEL_CACHE_DIR"] + "/"
pathlib.Path(shared + host).touch()
while not all(os.path.exists(shared + other) for other in ("algo-1", "algo-2")):
    time.sleep(0.01)
time.sleep(1)
print("trained all of it on", host)
open(os.environ["SM_MODEL_DIR"] + "/model.pth", "w").write(host)
"""


def test_a_job_without_a_distribution_trains_twice_and_the_log_says_what_that_wasted(
    training: Training,
) -> None:
    training.create(
        "undistributed",
        ALONE,
        ResourceConfig=instances(2),
    )
    job = finished(training, "undistributed")
    assert "trained all of it on algo-1" in log_of(training, "undistributed", "algo-1")
    assert "trained all of it on algo-2" in log_of(training, "undistributed", "algo-2")
    log = log_of(training, "undistributed", "algo-1")
    assert "[kennel] This job has 2 instances and no distribution." in log
    said = re.search(r"The bill is 2 x (\d+) = (\d+) seconds .* of which (\d+) ", log)
    assert said is not None, log
    each, total, wasted = map(int, said.groups())
    assert total == 2 * each
    assert wasted == each
    assert 0 <= job["BillableTimeInSeconds"] - each <= 1  # the last write lies between the two
    assert "Several hosts saved model.pth" in log
    assert training.artifacts("undistributed") == {"model.pth": b"algo-1"}


# Hosts that find each other by themselves, by the names in SM_HOSTS.
BY_ITSELF = """
import json, os, socket, time
hosts, host = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
port = int(os.environ["MASTER_PORT"])
if host == hosts[0]:
    server = socket.create_server((host, port))
    peer = server.accept()[0]
else:
    while True:
        try:
            peer = socket.create_connection((hosts[0], port))
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
peer.sendall(host.encode() + b"\\n")
print("met", peer.makefile().readline().strip())
time.sleep(1)
peer.sendall(b"bye\\n")
peer.recv(64)
"""


def test_hosts_that_join_by_themselves_are_not_called_wasted(training: Training) -> None:
    training.create("joined", BY_ITSELF, ResourceConfig=instances(2))
    finished(training, "joined")
    log = log_of(training, "joined", "algo-1")
    assert "met algo-2" in log
    assert "met algo-1" in log_of(training, "joined", "algo-2")
    assert "The bill is" not in log


CONTRACT = """
import json, os, socket
data = os.environ["SM_CHANNEL_SHARDED"], os.environ["SM_CHANNEL_WHOLE"]
print("seen:", json.dumps({
    "files": [sorted(os.listdir(folder)) for folder in data],
    "hosts": json.loads(os.environ["SM_HOSTS"]),
    "current": os.environ["SM_CURRENT_HOST"],
    "resources": json.loads(os.environ["SM_RESOURCE_CONFIG"]),
    "base": os.listdir("/opt/ml/model"),
    "name": socket.gethostname(),
    "addresses": [socket.gethostbyname(name) for name in json.loads(os.environ["SM_HOSTS"])],
}))
host = os.environ["SM_CURRENT_HOST"]
open(os.environ["SM_CHANNEL_WHOLE"] + "/a", "a").write("changed by " + host)
open(os.environ["SM_MODEL_DIR"] + "/of-" + host, "w").write(host)
open(os.environ["SM_OUTPUT_DATA_DIR"] + "/of-" + host, "w").write(host)
open("/opt/ml/checkpoints/of-" + host, "w").write(host)
"""


def channel(training: Training, name: str, prefix: str, distribution: str) -> dict[str, Any]:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{training.bucket}/{prefix}/",
        "S3DataDistributionType": distribution,
    }
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def test_each_host_has_its_share_its_folders_and_its_name(training: Training) -> None:
    for key in "abc":
        training.s3.put_object(Bucket=training.bucket, Key=f"parts/{key}", Body=key.encode())
    training.create(
        "contract",
        CONTRACT,
        ResourceConfig=instances(2),
        CheckpointConfig={"S3Uri": f"s3://{training.bucket}/kept"},
        InputDataConfig=[
            channel(training, "sharded", "parts", "ShardedByS3Key"),
            channel(training, "whole", "parts", "FullyReplicated"),
        ],
    )
    job = finished(training, "contract")
    seen = {}
    for host in ("algo-1", "algo-2"):
        said = re.search(r"seen: (.*)", log_of(training, "contract", host))
        assert said is not None
        seen[host] = json.loads(said[1])
        assert seen[host]["current"] == seen[host]["resources"]["current_host"] == host
        assert seen[host]["hosts"] == seen[host]["resources"]["hosts"] == ["algo-1", "algo-2"]
        assert seen[host]["files"][1] == ["a", "b", "c"]
        assert seen[host]["base"] == []
        assert seen[host]["name"] == host
        assert len(set(seen[host]["addresses"])) == 2
        assert all(address.startswith("127.") for address in seen[host]["addresses"])
    shares = [seen[host]["files"][0] for host in ("algo-1", "algo-2")]
    assert sorted(shares[0] + shares[1]) == ["a", "b", "c"]
    assert abs(len(shares[0]) - len(shares[1])) == 1
    # Nothing that a host writes reaches another, or the bucket.
    assert training.s3.get_object(Bucket=training.bucket, Key="parts/a")["Body"].read() == b"a"
    assert training.artifacts("contract") == {"of-algo-1": b"algo-1", "of-algo-2": b"algo-2"}
    kept = training.s3.list_objects_v2(Bucket=training.bucket, Prefix="kept/")["Contents"]
    assert [entry["Key"] for entry in kept] == ["kept/of-algo-1", "kept/of-algo-2"]
    assert job["ResourceConfig"]["InstanceCount"] == 2
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"]


FAILS = """
import os, time
if os.environ["SM_CURRENT_HOST"] == "algo-2":
    raise ValueError("no dogs here")
time.sleep(600)
"""


def test_one_host_that_fails_fails_the_job_and_the_reason_names_it(training: Training) -> None:
    training.create("one-fails", FAILS, ResourceConfig=instances(2))
    job = training.wait("one-fails")
    assert job["TrainingJobStatus"] == "Failed"
    assert "ValueError: no dogs here" in job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 1, host: algo-2")


STOPS = """
import os, signal, sys, time
host = os.environ["SM_CURRENT_HOST"]
def save(*_):
    time.sleep(0.5 if host == "algo-2" else 0)
    open(os.environ["SM_MODEL_DIR"] + "/" + host, "w").write(host)
    sys.exit(0 if host == "algo-2" else 3)
signal.signal(signal.SIGTERM, save)
print("up", flush=True)
while True:
    time.sleep(0.1)
"""


def test_a_stop_reaches_every_host_and_waits_for_each(training: Training, plane: Plane) -> None:
    training.create("stopped-hosts", STOPS, ResourceConfig=instances(2))
    folder = plane.state / "sagemaker/training/stopped-hosts"
    wait_until(lambda: sum("up\n" in log.read_text() for log in folder.glob("*/*/run-1/log")) == 2)
    training.sagemaker.stop_training_job(TrainingJobName="stopped-hosts")
    assert training.wait("stopped-hosts")["TrainingJobStatus"] == "Stopped"
    assert training.artifacts("stopped-hosts") == {"algo-1": b"algo-1", "algo-2": b"algo-2"}


def test_more_instances_than_there_may_be_are_refused_in_awss_words(training: Training) -> None:
    with pytest.raises(
        training.sagemaker.exceptions.ResourceLimitExceeded,
        match=r"The account-level service limit 'ml\.m5\.large for training job usage' is 20 Inst",
    ):
        training.create("too-many", "", ResourceConfig=instances(21))


def test_instance_groups_are_refused_by_name(training: Training) -> None:
    group = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "InstanceGroupName": "workers"}
    with pytest.raises(
        training.sagemaker.exceptions.ClientError, match=r"ResourceConfig\.InstanceGroups"
    ):
        training.create(
            "groups", "", ResourceConfig={"InstanceGroups": [group], "VolumeSizeInGB": 10}
        )
