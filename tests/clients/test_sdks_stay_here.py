"""No packet of either `sagemaker` SDK leaves this machine under `kennel run`; a watch sees it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.aws_shell import aws_shell, under_kennel_run
from tests.packet_watch import watched

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PYTHONS = {
    "sdk_v2": ROOT / ".venv-clients" / "bin" / "python",
    "sdk_v3": ROOT / ".venv-clients-3" / "bin" / "python",
}
ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-Local"


@pytest.mark.parametrize("network", ["isolated", "host"])
@pytest.mark.parametrize("sdk", ["sdk_v2", "sdk_v3"])
def test_no_packet_of_the_sdk_leaves_this_machine(sdk, network, tmp_path, capfd):
    (tmp_path / "work").mkdir()
    caller = [str(PYTHONS[sdk]), str(HERE / sdk / "around_a_job.py"), str(tmp_path / "work")]
    script = under_kennel_run(f"run {shlex.join(caller)}", network)
    environment = aws_shell(tmp_path / "home")
    code, packets = watched(["sh", "-c", script], tmp_path / "seen.json", environment)
    assert packets == []
    output = capfd.readouterr()
    assert code == 0, output.err[-3000:]
    assert f"sagemaker-us-east-1-000000000000 000000000000 {ROLE}" in output.out


@pytest.mark.parametrize("sdk", ["sdk_v2", "sdk_v3"])
def test_the_watch_sees_what_the_same_sdk_sends_without_kennel(sdk, tmp_path):
    command = [str(PYTHONS[sdk]), str(HERE / sdk / "around_a_job.py"), str(tmp_path)]
    environment = aws_shell(tmp_path / "home")
    code, packets = watched(command, tmp_path / "seen.json", environment)
    assert code != 0
    assert packets
