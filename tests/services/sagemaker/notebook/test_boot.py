"""One start of a notebook instance, as the engine gets it."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any, cast

import pytest

from kennel.client_environment import Reach
from kennel.engine import Capabilities, ProcessSpec
from kennel.identity import Credentials, Principal
from kennel.services.sagemaker.notebook.boot import Boot
from kennel.services.service import Parts
from tests.services.sagemaker.notebook.test_document import instance

KEYS = Credentials("ASIAKEY", "secret", "token", Principal.root("000000000000"), 2_000_000_000.0)


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
    boot.launch(KEYS, {"OnStart": b"true"}, {"conda_python3": Path("/usr/bin/python3")})
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
    assert "ASIAKEY" not in values
    assert boot.secret.read_text() not in values
    assert "AWS_CONFIG_FILE" not in spec.environment  # a profile of the home's own counts
    assert spec.environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4600"
    assert stat.S_IMODE(boot.folder.stat().st_mode) == 0o700
    for name in ("secret", "credentials.json", "plan.json"):
        assert stat.S_IMODE((boot.folder / name).stat().st_mode) == 0o600


def test_the_types_memory_and_cpus_are_the_limit(tmp_path):
    _, spec = launched(tmp_path, mounts=True, instance_type="ml.t3.medium")
    assert spec.cpus == 2.0
    assert spec.memory_bytes is not None
    assert spec.memory_bytes <= 4 << 30
    assert spec.environment["CUDA_VISIBLE_DEVICES"] == ""


def test_new_credentials_replace_the_old_ones_in_place(tmp_path):
    boot, _ = launched(tmp_path, mounts=True)
    assert boot.credentials_until == KEYS.expires
    newer = Credentials("ASIANEW", "s", "t", KEYS.principal, 2_000_040_000.0)
    boot.write_credentials(newer)
    said = json.loads((boot.folder / "credentials.json").read_text())
    assert (said["AccessKeyId"], said["Expiration"]) == ("ASIANEW", "2033-05-18T14:40:00Z")
    assert Boot(boot._parts, tmp_path / "notebooks", boot.instance).credentials_until == (
        pytest.approx(2_000_040_000.0)
    )
