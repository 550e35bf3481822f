"""`kennel load` against a real endpoint and a real function."""

from __future__ import annotations

import csv
import json

import pytest

from tests.integration.functions import Functions
from tests.integration.model_archives import Hosting

NAPS = """
import json, time

def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    asked = json.loads(body)
    time.sleep(asked.get("seconds", 0))
    if asked.get("fail"):
        raise ValueError("no such dog")
    return "{}", "application/json"
"""
ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def endpoint(plane) -> str:
    hosting = Hosting(plane)
    hosting.deploy("under-load", NAPS, count=2)
    hosting.wait("under-load")
    return "under-load"


@pytest.fixture(scope="module")
def function(plane) -> str:
    Functions(plane).create("called-under-load", ECHO)
    return "called-under-load"


def test_an_endpoint_under_a_rate_answers_every_request(plane, endpoint, tmp_path):
    (tmp_path / "nap.json").write_text('{"seconds": 0.02}')
    words = ["--rate", "20/s..40/s", "--duration", "2s", "--payload", str(tmp_path / "nap.json")]
    answer = plane.command("load", endpoint, *words, "--json", "--out", str(tmp_path / "out"))
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert report == json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["requests"]["sent"] == report["requests"]["ok"] == 60
    assert report["answered_by"] == {"AllTraffic": 60}
    assert report["capacity"]["changes"][0]["number"] == 2
    assert report["latency"]["p50"] >= report["time_in_model"]["p50"] >= 0.02
    with (tmp_path / "out" / "samples.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert {row["variant_or_version"] for row in rows} == {"AllTraffic"}
    assert all(float(row["latency_s"]) > float(row["model_s"]) > 0.02 for row in rows)
    assert (tmp_path / "out" / "report.png").exists()


def test_a_function_under_clients_is_told_in_a_table(plane, function, tmp_path):
    words = ["--clients", "2", "--duration", "500ms", "--out", str(tmp_path)]
    answer = plane.command("load", function, *words, "--fail-if", "p99>1us")
    assert answer.returncode == 1, answer.stderr
    lines = dict(line.split("  ", 1) for line in answer.stdout.splitlines())
    assert lines["target"].strip() == f"function {function} at the plane {plane.url}"
    assert lines["load"].strip().startswith("2 clients")
    assert lines["failed"].strip() == "0"
    assert lines["fails"].strip() == "p99>1us"


def test_errors_are_told_by_awss_codes_and_fail_the_command(plane, endpoint, tmp_path):
    payloads = tmp_path / "payloads"
    payloads.mkdir()
    (payloads / "a.json").write_text("{}")
    (payloads / "b.json").write_text('{"fail": true}')
    words = ["load", endpoint, "--rate", "20/s", "--duration", "500ms", "--json"]
    words += ["--payload", str(payloads), "--out", str(tmp_path / "out")]
    answer = plane.command(*words)
    assert answer.returncode == 1
    report = json.loads(answer.stdout)
    assert report["requests"]["ok"] == report["errors"]["ModelError"]["count"] == 5
    assert "no such dog" in report["errors"]["ModelError"]["first_message"]
    assert plane.command(*words, "--allow-errors").returncode == 0


def test_the_environments_own_aws_settings_lead_to_the_target(plane, function, tmp_path):
    connection = plane.connection
    variables = {
        "AWS_ENDPOINT_URL": connection.url,
        "AWS_REGION": connection.region,
        "AWS_ACCESS_KEY_ID": connection.access_key_id,
        "AWS_SECRET_ACCESS_KEY": connection.secret_access_key,
        "KENNEL_STATE": str(tmp_path / "no-plane-here"),
    }
    words = ["load", function, "--rate", "10/s", "--duration", "300ms", "--out", str(tmp_path)]
    assert plane.command(*words, variables=variables).returncode == 1
    answer = plane.command(*words, "--aws", variables=variables)
    assert answer.returncode == 0, answer.stderr
    assert "2 sent" in answer.stdout or "3 sent" in answer.stdout


def test_what_is_not_there_is_told_before_anything_is_sent(plane, tmp_path):
    answer = plane.command("load", "no-such-thing", "--rate", "1/s", "--out", str(tmp_path / "out"))
    assert answer.returncode == 2
    assert "There is no endpoint or function no-such-thing" in answer.stderr
    assert not (tmp_path / "out").exists()
