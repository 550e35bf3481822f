from __future__ import annotations

import json
from pathlib import Path

import pytest

from kennel.runtimes.training import configuration
from kennel.runtimes.training.entry_point import Kind, command, kind_of
from kennel.runtimes.training.errors import ConfigurationError

NOTHING: dict[str, str] = {}
PLACE = {"KENNEL_MASTER_ADDR": "127.90.1.1", "KENNEL_MASTER_PORT": "7780"}


@pytest.fixture
def configured(tmp_path: Path):
    """Reads a configuration from these hyperparameters and resources."""

    def make(hyperparameters=None, environment=NOTHING, **resources):
        config = tmp_path / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        values = {"sagemaker_program": "train.py", **(hyperparameters or {})}
        (config / "hyperparameters.json").write_text(json.dumps(values))
        (config / "resourceconfig.json").write_text(json.dumps(resources))
        return configuration.read({"SAGEMAKER_BASE_DIR": str(tmp_path), **environment})

    return make


@pytest.mark.parametrize(
    ("name", "has_setup", "kind"),
    [
        ("train.py", False, Kind.PROGRAM),
        ("train.py", True, Kind.PACKAGE),
        ("train.sh", True, Kind.COMMAND),
        ("mine", True, Kind.PACKAGE),
        ("binary", False, Kind.COMMAND),
    ],
)
def test_the_kind_of_an_entry_point_is_the_toolkits(name, has_setup, kind, tmp_path):
    if has_setup:
        (tmp_path / "setup.py").touch()
    assert kind_of(str(tmp_path), name) is kind


TORCHRUN = {"sagemaker_torch_distributed_enabled": "true", "lr": "0.1"}


def test_torchrun_starts_the_processes_of_one_host(configured):
    job = configured(TORCHRUN)
    expected = ["-m", "torch.distributed.run", "--nnodes", "1", "--nproc_per_node", "2"]
    assert command(job, Kind.PROGRAM, "python", 2) == [
        "python", *expected, "train.py", "--lr", "0.1",
    ]  # fmt: skip


def test_torchrun_finds_the_first_of_several_hosts(configured):
    job = configured(TORCHRUN, hosts=["algo-1", "algo-2"], current_host="algo-2")
    line = " ".join(command(job, Kind.PROGRAM, "python", 1))
    assert "--nnodes 2 " in line
    assert "--master_addr algo-1 --master_port 7777 --node_rank 1 train.py" in line


@pytest.mark.parametrize(
    "launcher",
    [
        "sagemaker_torch_distributed_enabled",
        "sagemaker_pytorch_ddp_enabled",
        "sagemaker_distributed_dataparallel_enabled",  # what the SDK makes of pytorchddp
    ],
)
def test_torchrun_goes_where_the_jobs_hosts_meet(configured, launcher):
    hosts = ["algo-1", "algo-2"]
    job = configured({launcher: "true"}, PLACE, hosts=hosts, current_host="algo-1")
    line = " ".join(command(job, Kind.PROGRAM, "python", 1))
    assert "--master_addr 127.90.1.1 --master_port 7780 --node_rank 0 train.py" in line
    alone = " ".join(command(configured(TORCHRUN, PLACE), Kind.PROGRAM, "python", 1))
    assert "--master_addr 127.90.1.1 --master_port 7780 train.py" in alone


def test_torchrun_needs_a_script(configured):
    with pytest.raises(ConfigurationError, match="needs a Python script as its entry point"):
        command(configured(TORCHRUN), Kind.PACKAGE, "python", 1)


def test_hosts_train_together_only_where_the_job_asks_for_it(configured):
    groups = [
        {"instance_group_name": "homogeneousCluster", "hosts": ["algo-1", "algo-2"]},
    ]
    alone = configured(hosts=["algo-1", "algo-2"], instance_groups=groups)
    assert alone.distribution_hosts == []
    assert alone.master == "algo-1"
    together = configured(TORCHRUN, hosts=["algo-1", "algo-2"], instance_groups=groups)
    assert together.distribution_hosts == ["algo-1", "algo-2"]
