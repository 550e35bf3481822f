"""One start of a notebook instance, as the engine gets it."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any, cast

import pytest

from kennel.client_environment import Reach
from kennel.engine import Capabilities, ProcessSpec
from kennel.services.sagemaker.notebook.boot import Boot
from kennel.services.service import Parts
from tests.services.sagemaker.notebook.test_document import instance

ACCESS = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:4600/_kennel/credentials/x"}


class Engine:
    """Takes a spec and runs nothing."""

    def __init__(self, mounts: bool) -> None:
        self.capabilities = Capabilities(mounts, "polling")
        self.spec: ProcessSpec | None = None

    def run(self, spec: ProcessSpec) -> None:
        self.spec = spec


class FakeParts:
    def __init__(self, folder: Path, mounts: bool) -> None:
        self.folder = folder
        self.engine = Engine(mounts)
        self.reach = Reach.of(folder, "http://127.0.0.1:4600", "us-east-1")


def launched(root: Path, *, mounts: bool, **changes: Any) -> tuple[Boot, ProcessSpec]:
    parts = FakeParts(root, mounts)
    boot = Boot(cast(Parts, parts), root / "notebooks", instance(**changes))
    boot.launch(ACCESS, {"OnStart": b"true"}, {"conda_python3": Path("/usr/bin/python3")})
    assert parts.engine.spec is not None
    return boot, parts.engine.spec


def test_with_mounts_the_home_is_where_aws_has_it(tmp_path):
    boot, spec = launched(tmp_path, mounts=True)
    assert spec.environment["HOME"] == "/home/ec2-user"
    where = {mount.target: mount.source for mount in spec.mounts}
    assert where["/home/ec2-user/SageMaker"] == boot.volume
    assert "/opt/ml/metadata" in where
    plan = json.loads((boot.folder / "plan.json").read_text())
    assert plan["notebooks"] == "/home/ec2-user/SageMaker"
    assert plan["environments"] == {"python3": "/usr/bin/python3"}


def test_without_mounts_the_home_is_a_folder_in_which_the_volume_is_found(tmp_path):
    boot, spec = launched(tmp_path, mounts=False)
    assert spec.mounts == ()
    home = Path(spec.environment["HOME"])
    assert home == boot.folder / "home"
    assert (home / "SageMaker").resolve() == boot.volume.resolve()


@pytest.mark.parametrize(("root_access", "sudo"), [("Enabled", True), ("Disabled", False)])
def test_without_root_access_sessions_have_no_sudo(tmp_path, root_access, sudo):
    boot, _ = launched(tmp_path, mounts=True, root_access=root_access)
    assert json.loads((boot.folder / "plan.json").read_text())["sudo"] is sudo


def test_no_key_is_in_the_environment_and_no_secret_is_readable_by_others(tmp_path):
    boot, spec = launched(tmp_path, mounts=True)
    values = " ".join([*spec.environment.values(), *spec.command])
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & spec.environment.keys()
    assert ACCESS.items() <= spec.environment.items()
    assert "AWS_EC2_METADATA_DISABLED" not in spec.environment
    assert boot.secret.read_text() not in values
    assert "AWS_CONFIG_FILE" not in spec.environment  # a profile of the home's own counts
    assert spec.environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4600"
    assert stat.S_IMODE(boot.folder.stat().st_mode) == 0o700
    for name in ("secret", "plan.json"):
        assert stat.S_IMODE((boot.folder / name).stat().st_mode) == 0o600


def test_the_types_memory_and_cpus_are_the_limit(tmp_path):
    _, spec = launched(tmp_path, mounts=True, instance_type="ml.t3.medium")
    assert spec.cpus == 2.0
    assert spec.memory_bytes is not None
    assert spec.memory_bytes <= 4 << 30
    assert spec.environment["CUDA_VISIBLE_DEVICES"] == ""
