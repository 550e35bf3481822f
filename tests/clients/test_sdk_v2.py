"""The `sagemaker` SDK, version 2, unmodified; run by `make test-clients`."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.planes import clean_environment

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
SESSION = Path(__file__).parent / "sdk_v2" / "session.py"


@pytest.fixture(scope="module")
def said(plane, tmp_path_factory):
    """What the notebook's session printed."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust |= {"Principal": {"Service": "sagemaker.amazonaws.com"}}  # type: ignore[dict-item]
    role = plane.client("iam").create_role(
        RoleName="sdk",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    plane.client("s3").create_bucket(Bucket="sdk-v2-bucket")
    folder = tmp_path_factory.mktemp("sdk")
    quiet = folder / "config.yaml"
    silent = {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}
    quiet.write_text(json.dumps({"SchemaVersion": "1.0", "SageMaker": silent}))
    variables = {"SAGEMAKER_USER_CONFIG_OVERRIDE": str(quiet), "PYTHONWARNINGS": "ignore"}
    lines = plane.command("env").stdout
    command = shlex.join([str(PYTHON), str(SESSION), "sdk-v2-bucket", role])
    run = subprocess.run(
        ["sh", "-euc", f"{lines}\nexec {command}"],
        env=clean_environment() | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]
    return json.loads(run.stdout.splitlines()[-1])


def test_an_estimator_trains_and_knows_where_its_model_is(said, plane):
    bucket, _, key = said["model_data"].removeprefix("s3://").partition("/")
    assert plane.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


def test_a_tuner_finds_the_best_of_its_trials(said):
    assert len(said["objectives"]) == 2
    rate = float(said["best_hyperparameters"]["learning-rate"].strip('"'))
    assert abs(rate - 0.01) + 6 == pytest.approx(min(said["objectives"]), abs=1e-3)


def test_a_deployed_model_predicts_by_its_own_script(said):
    assert said["prediction"] == [[6, 60]]
