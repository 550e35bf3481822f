"""Training on several instances by the `sagemaker` SDK, version 2, under `kennel run`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
SESSION = Path(__file__).parent / "sdk_v2" / "hosts.py"


@pytest.fixture(scope="module")
def printed(plane):
    """What the session printed: its jobs' descriptions, and by job what `fit` showed of it."""
    run = plane.command("run", "--", str(PYTHON), str(SESSION), seconds=600)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]
    shown = dict(re.findall(r"^=== (\w+)\n(.*?)(?=^===|^\{\")", run.stdout, re.S | re.M))
    return json.loads(run.stdout.splitlines()[-1]), shown


def loss(description):
    [final] = description["FinalMetricDataList"]
    return final["Value"]


@pytest.mark.parametrize("name", ["two", "ddp"])
def test_two_hosts_reach_the_loss_of_one_with_the_doubled_batch(printed, name):
    jobs, shown = printed
    assert loss(jobs[name]) == pytest.approx(loss(jobs["one"]), abs=1e-4)
    assert "rank 0 of 2 final loss" in shown[name]
    assert "rank 1 of 2 final loss" in shown[name]
    assert "The bill is" not in shown[name]


@pytest.mark.parametrize("name", ["one", "two", "undistributed"])
def test_fit_prints_the_seconds_of_all_instances(printed, name):
    jobs, shown = printed
    count = jobs[name]["ResourceConfig"]["InstanceCount"]
    assert f"Training seconds: {jobs[name]['TrainingTimeInSeconds'] * count}\n" in shown[name]
    assert f"Billable seconds: {jobs[name]['BillableTimeInSeconds'] * count}\n" in shown[name]


def test_fit_shows_what_a_job_without_a_distribution_wasted(printed):
    jobs, shown = printed
    assert loss(jobs["undistributed"]) != pytest.approx(loss(jobs["one"]), abs=1e-4)
    text = shown["undistributed"]
    assert text.count("rank 0 of 1 final loss") == 2
    billed = re.search(r"The bill is 2 x (\d+) = \d+ seconds .* of which (\d+) ", text)
    assert billed is not None
    assert billed[1] == billed[2]
