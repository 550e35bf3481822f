"""One start of a notebook instance: its folder, its process, and what that says of itself."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.client_environment import plane_variables
from kennel.engine import Mount, Process, ProcessSpec
from kennel.runtimes.notebook.plan import Hook, Plan, Progress
from kennel.services.sagemaker.instance_types import PROCESSES, instance_type
from kennel.services.sagemaker.notebook.document import NotebookInstance
from kennel.weights import WEIGHTS_DIR, WeightsFolder

if TYPE_CHECKING:
    from kennel.services.service import Parts

__all__ = ["HOME", "HOOK_SECONDS", "LOG_GROUP", "Boot"]

HOME = "/home/ec2-user"
LOG_GROUP = "/aws/sagemaker/NotebookInstances"
HOOK_SECONDS = 300.0  # CreateNotebookInstanceLifecycleConfig: no longer than 5 minutes
_NOTEBOOKS = "SageMaker"  # the folder of the home that stays
_TEMPORARY = "/opt/kennel/tmp"  # a short path: sockets in it have little room for theirs
_OF_THE_INSTANCE = frozenset(
    {
        "AWS_CONFIG_FILE",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_SHARED_CREDENTIALS_FILE",
    }
)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Boot:
    """Everything below `boot-N` of the instance's folder is new at each start and goes with it;
    `volume` beside it stays until the instance is deleted."""

    def __init__(self, parts: Parts, root: Path, instance: NotebookInstance) -> None:
        self._parts = parts
        self.instance = instance
        self.volume = root / instance.folder / "volume"
        self.folder = root / instance.folder / f"boot-{instance.boot}"
        self.process: Process | None = None

    @property
    def secret(self) -> Path:
        """What tickets of this start are sealed with."""
        return self.folder / "secret"

    @property
    def logs(self) -> Mapping[Path, str]:
        """The log files with the names of their streams, which are AWS's."""
        name = self.instance.name
        return {
            self._run / "log": f"{name}/jupyter.log",
            self._hook_log("OnCreate"): f"{name}/LifecycleConfigOnCreate",
            self._hook_log("OnStart"): f"{name}/LifecycleConfigOnStart",
        }

    def adopt(self) -> bool:
        """Takes up the process of this start, alive or not; says whether one was started."""
        if self.process is None:
            self.process = self._parts.engine.adopt(self._run)
        return self.process is not None

    def progress(self) -> Progress:
        """How far the start is."""
        return Progress.read(self.folder / "progress.json")

    def is_for(self, url: str) -> bool:
        """Whether the instance's clients look for the plane at that URL."""
        try:
            return (self.folder / "url").read_text() == url
        except FileNotFoundError:
            return False

    def launch(
        self,
        access: Mapping[str, str],
        scripts: Mapping[str, bytes],
        kernels: Mapping[str, Path],
    ) -> None:
        """Makes the folder and starts the process. Raises EngineError.

        `access` are the variables that lead SDKs to the instance's metadata and credentials,
        `scripts` those to run, by hook; `kernels` the Python of each kernel, by its name.
        """
        mounted = self._parts.engine.capabilities.mount_namespaces
        shutil.rmtree(self.folder, ignore_errors=True)  # half made when the plane died
        self.folder.mkdir(mode=0o700, parents=True)
        home = self.folder / "home"
        for folder in (home, self.folder / "tmp", self.folder / "logs", self.folder / "metadata"):
            folder.mkdir(mode=0o700, parents=True)
        self.volume.mkdir(mode=0o700, parents=True, exist_ok=True)
        if mounted:
            (home / _NOTEBOOKS).mkdir()
        else:
            (home / _NOTEBOOKS).symlink_to(self.volume)
        _write(self.secret, secrets.token_hex(32))
        _write(self.folder / "url", self._parts.reach.url)
        self._write_metadata()
        inside = HOME if mounted else str(home)
        plan = Plan(
            folder=str(self.folder),
            home=inside,
            notebooks=f"{inside}/{_NOTEBOOKS}",
            port=self.instance.port,
            environments={
                name.removeprefix("conda_"): str(python) for name, python in kernels.items()
            },
            sudo=self.instance.root_access == "Enabled",
            hooks=[self._hook(name, script) for name, script in scripts.items()],
        )
        plan.write(self.folder / "plan.json")
        self.process = self._parts.engine.run(self._spec(mounted, inside, access, kernels.values()))

    def remove(self) -> None:
        """Deletes what this start alone had. Its process must have ended."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _run(self) -> Path:
        return self.folder / "process"

    def _hook_log(self, name: str) -> Path:
        return self.folder / "logs" / name

    def _hook(self, name: str, script: bytes) -> Hook:
        path = self.folder / f"{name}.sh"
        path.write_bytes(script)
        return Hook(name, str(path), str(self._hook_log(name)), HOOK_SECONDS)

    def _write_metadata(self) -> None:
        """What SDKs on AWS find at /opt/ml/metadata/resource-metadata.json."""
        metadata = {
            "ResourceArn": self.instance.arn,
            "ResourceName": self.instance.name,
        }
        (self.folder / "metadata" / "resource-metadata.json").write_text(json.dumps(metadata))

    def _clients(self, access: Mapping[str, str]) -> Mapping[str, str]:
        """What leads AWS's clients to the plane. Their keys they get from the instance, and a
        profile that the user writes into the instance's home counts, as on AWS."""
        variables = plane_variables(self._parts.reach, self.instance.region)
        own = {name: text for name, text in variables.items() if name not in _OF_THE_INSTANCE}
        return {**own, **access}

    def _spec(
        self, mounted: bool, home: str, access: Mapping[str, str], pythons: Iterable[Path]
    ) -> ProcessSpec:
        kind = instance_type(self.instance.instance_type)
        weights = WeightsFolder(self._parts.folder).make()
        mounts = (
            Mount(self.folder / "home", HOME),
            Mount(self.volume, f"{HOME}/{_NOTEBOOKS}"),
            Mount(self.folder / "tmp", _TEMPORARY),
            Mount(self.folder / "tmp", "/tmp"),
            Mount(self.folder / "metadata", "/opt/ml/metadata", read_only=True),
        )
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{_PATH}",
            "HOME": home,
            "USER": "ec2-user",
            "LOGNAME": "ec2-user",
            "SHELL": "/bin/bash",
            "TMPDIR": _TEMPORARY if mounted else str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            WEIGHTS_DIR: str(weights),
            **kind.variables(min(kind.vcpus, os.cpu_count() or 1)),
            **self._clients(access),
        }
        return ProcessSpec(
            folder=self._run,
            command=(
                *(sys.executable, "-P", "-m", "kennel.runtimes.notebook"),
                str(self.folder / "plan.json"),
            ),
            environment=environment,
            working_directory=self.volume,
            mounts=mounts if mounted else (),
            memory_bytes=kind.memory_here(),
            cpus=float(kind.vcpus),
            processes=PROCESSES,
            writable=(self.folder, self.volume),
            readable=(weights, self._parts.reach.ca_bundle, *pythons),
            user_name="ec2-user",
            file_bytes=self.instance.volume_size << 30,
        )


def _write(path: Path, text: str) -> None:
    """Replaces a file that only its owner may read, as a whole."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    # The process may write in this folder: no link of its is followed.
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)
