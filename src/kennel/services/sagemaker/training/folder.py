"""A training host's folder: what its process sees as /opt/ml, and its process's records."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from kennel.services.sagemaker.training.meeting import hosts_file
from kennel.services.sagemaker.training.spec import Checkpoints, TrainingSpec

__all__ = ["LOOPBACK", "ML", "TEMPORARY", "HostFolder"]

ML = "/opt/ml"
TEMPORARY = "/opt/kennel/tmp"
LOOPBACK = "lo" if sys.platform == "linux" else "lo0"
_GROUP = "homogeneousCluster"
_MACHINE_HOSTS = Path("/etc/hosts")


class HostFolder:
    """The files of one host of a job, below `root`."""

    def __init__(self, root: Path, host: str) -> None:
        self.root = root
        self.host = host

    @property
    def ml(self) -> Path:
        """What is mounted as /opt/ml."""
        return self.root / "ml"

    @property
    def data(self) -> Path:
        return self.ml / "input" / "data"

    @property
    def source_archive(self) -> Path:
        """Where the toolkit of `kennel.runtimes.training` finds the user's scripts."""
        return self.ml / "input" / "code" / "sourcedir.tar.gz"

    @property
    def model(self) -> Path:
        return self.ml / "model"

    @property
    def output_data(self) -> Path:
        return self.ml / "output" / "data"

    @property
    def failure(self) -> Path:
        return self.ml / "output" / "failure"

    def checkpoints(self, checkpoints: Checkpoints | None = None) -> Path:
        """What the process sees as the folder that its checkpoints are in: below `ml` where the
        request names a path there, else mounted at the path that it names."""
        if checkpoints is not None:
            path = PurePosixPath(checkpoints.local_path)
            if path.is_relative_to(ML):
                return self.ml / path.relative_to(ML)
        return self.ml / "checkpoints"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        """What is mounted as TEMPORARY: a short path, which sockets need."""
        return self.root / "tmp"

    @property
    def hosts_file(self) -> Path:
        """What is mounted as /etc/hosts."""
        return self.root / "hosts"

    def run(self, attempt: int) -> Path:
        """The engine's record of one start of the process."""
        return self.root / f"run-{attempt}"

    def prepare(self, spec: TrainingSpec, addresses: Mapping[str, str]) -> None:
        """Makes the folder as an instance has it before the data comes, whatever was there;
        the engine's records stay. `addresses` are the job's hosts'."""
        for folder in (self.ml, self.home, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        for folder in (self.model, self.output_data):
            folder.mkdir(parents=True)
        self.clear_input(spec)
        config = self.ml / "input" / "config"
        config.mkdir()
        for name, content in (
            ("hyperparameters", spec.hyperparameters),
            ("inputdataconfig", _channels(spec)),
            ("resourceconfig", _resources(spec, self.host)),
        ):
            (config / f"{name}.json").write_text(json.dumps(content))
        machine = _MACHINE_HOSTS.read_text("utf-8", "replace") if _MACHINE_HOSTS.exists() else ""
        self.hosts_file.write_text(hosts_file(machine, addresses))

    def clear_input(self, spec: TrainingSpec) -> None:
        """Forgets a download that did not come to its end."""
        for folder in (
            self.data,
            self.source_archive.parent,
            self.checkpoints(spec.checkpoints),
        ):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)


def _channels(spec: TrainingSpec) -> dict[str, dict[str, str]]:
    """inputdataconfig.json. FastFile's files are there before the script starts; it can't tell."""
    described = {}
    for channel in spec.channels:
        entry = {
            "TrainingInputMode": "File",
            "S3DistributionType": "ShardedByS3Key" if channel.sharded else "FullyReplicated",
            "RecordWrapperType": "None",
        }
        if channel.content_type:
            entry["ContentType"] = channel.content_type
        described[channel.name] = entry
    return described


def _resources(spec: TrainingSpec, host: str) -> Mapping[str, Any]:
    """resourceconfig.json. All hosts of a job are on this machine, so they meet on loopback."""
    group = {
        "instance_group_name": _GROUP,
        "instance_type": spec.instance.name,
        "hosts": list(spec.hosts),
    }
    return {
        "current_host": host,
        "current_instance_type": spec.instance.name,
        "current_group_name": _GROUP,
        "hosts": list(spec.hosts),
        "instance_groups": [group],
        "network_interface_name": LOOPBACK,
    }
