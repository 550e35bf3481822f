"""No packet of boto3 or the AWS CLI leaves this machine under `kennel run`; a watch sees it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.aws_shell import aws_shell, under_kennel_run
from tests.packet_watch import watched

AWS = Path(sys.executable).with_name("aws")
BOTO3 = """
import boto3, botocore.exceptions
from botocore.config import Config

print(boto3.client("sts").get_caller_identity()["Account"])
for region in ("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"):
    boto3.client("sagemaker", region_name=region).list_training_jobs()
named = boto3.client("sts", endpoint_url="https://sts.us-west-2.amazonaws.com")
print(named.get_caller_identity()["Account"])
style = Config(s3={"addressing_style": "virtual"})
s3 = boto3.client("s3", endpoint_url="https://s3.us-west-2.amazonaws.com", config=style)
s3.create_bucket(Bucket="stays-here")
s3.put_object(Bucket="stays-here", Key="key", Body=b"body")
for act in (
    lambda: boto3.Session(profile_name="prod"),
    lambda: boto3.client("dynamodb").list_tables(),
    lambda: boto3.client("ecr").get_authorization_token(),
):
    try:
        act()
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        print(error)
"""


@pytest.fixture
def shell(tmp_path):
    """Runs a shell script where each packet that leaves loopback is seen; returns its exit code
    and where they went."""
    environment = aws_shell(tmp_path / "home")

    def run(script: str) -> tuple[int, list[str]]:
        return watched(["sh", "-c", script], tmp_path / "seen.json", environment)

    return run


@pytest.mark.parametrize("network", ["isolated", "host"])
def test_no_packet_of_boto3_and_the_cli_leaves_this_machine(shell, network, tmp_path, capfd):
    (tmp_path / "caller.py").write_text(BOTO3)
    script = f"""
run {sys.executable} {tmp_path}/caller.py
run {AWS} sts get-caller-identity --query Account --output text
run {AWS} s3 ls
run {AWS} sts get-caller-identity --profile prod || echo "no profile"
"""
    code, packets = shell(under_kennel_run(script, network))
    assert packets == []
    assert code == 0
    said = capfd.readouterr().out
    assert said.count("000000000000") == 3
    assert "The config profile (prod) could not be found" in said
    assert said.count("NotImplemented") == 2
    assert "stays-here" in said
    assert "no profile" in said


def test_the_watch_sees_what_the_same_clients_send_without_kennel(shell, tmp_path):
    call = "import boto3; boto3.client('sts').get_caller_identity()"
    code, packets = shell(f'{sys.executable} -c "{call}"')
    assert code != 0
    assert any(packet.startswith("udp ") and packet.endswith(":53") for packet in packets)
