from __future__ import annotations

from typing import Any

import pytest

from kennel.services.sagemaker.training.document import TrainingJob
from kennel.services.sagemaker.training.spec import TrainingSpec, with_defaults
from kennel.services.sagemaker.training.waste import launch_named_in, summary, warning
from tests.services.sagemaker.training.test_spec import REQUEST, source


def spec_of(count: int, **changes: Any) -> TrainingSpec:
    resources = {"InstanceType": "ml.m5.xlarge", "InstanceCount": count}
    return TrainingSpec.read(with_defaults(REQUEST | {"ResourceConfig": resources, **changes}))


SHARDED = {"InputDataConfig": [source(S3DataDistributionType="ShardedByS3Key")]}


def said(spec: TrainingSpec, *, connected: bool | None, named: str = "", **more: Any) -> str:
    job = TrainingJob("dogs", "arn", 0.0, 0.0, [], request={}, connected=connected)
    seconds = dict.fromkeys(spec.hosts, 1199.4)
    lines = summary(job, spec, seconds=seconds, billed=1239, named=named, clashing=(), **more)
    return "\n".join(lines)


def test_instances_that_train_the_same_thing_are_told_what_that_costs():
    text = said(spec_of(4), connected=False)
    assert "4 instances trained, each by itself" in text
    assert "algo-1 1199.4 s, algo-2 1199.4 s" in text
    assert "4 x 1239 = 4956 seconds (1.377 instance-hours), of which 3717 (1.032 inst" in text
    assert "SM_CURRENT_HOST" in text


def test_many_hosts_are_not_listed_one_by_one():
    assert "They ran 1199.4 to 1199.4 s each" in said(spec_of(20), connected=False)


@pytest.mark.parametrize("connected", [True, None])
def test_nothing_is_claimed_of_hosts_that_met_or_were_not_watched(connected):
    assert said(spec_of(4), connected=connected) == ""


@pytest.mark.parametrize(
    "changes",
    [
        SHARDED,
        {"HyperParameters": {"sagemaker_torch_distributed_enabled": "true"}},
        {"HyperParameters": {"sagemaker_pytorch_ddp_enabled": "true"}},
        {"HyperParameters": {"sagemaker_distributed_dataparallel_enabled": "true"}},
    ],
)
def test_nothing_is_claimed_of_hosts_that_share_the_work(changes):
    assert said(spec_of(4, **changes), connected=False) == ""
    assert warning(spec_of(4, **changes)) == ""


def test_a_launcher_that_is_off_is_none():
    off = {"HyperParameters": {"sagemaker_torch_distributed_enabled": "false", "lr": "0.1"}}
    assert "4 times the bill" in warning(spec_of(4, **off))
    assert warning(spec_of(1)) == ""


def test_a_script_that_could_have_joined_its_hosts_is_named(tmp_path):
    (tmp_path / "train.py").write_text("import torch\n")
    assert launch_named_in(tmp_path) == ""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "ddp.py").write_text("dist.init_process_group('gloo')\n")
    (tmp_path / "aside.py").symlink_to("/dev/zero")
    assert launch_named_in(tmp_path) == "init_process_group"
    assert launch_named_in(tmp_path / "none") == ""
    text = said(spec_of(2), connected=False, named="init_process_group")
    assert "The script names init_process_group" in text
