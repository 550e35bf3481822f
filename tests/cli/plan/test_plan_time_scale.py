"""A plan for a plane goes by the plane's two times."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from kennel.cli.connection import Connection
from kennel.cli.load.service import PlaneService
from kennel.cli.load.target import Kind, Target
from kennel.cli.main import main
from kennel.cli.plan import inputs
from kennel.cli.plan.live import traffic_of
from tests.cli.plan.services import ScriptedService
from tests.cli.plan.test_plan_live import CONFIG, NO_TARGETS, endpoint, statistics

NOW = datetime(2030, 3, 1, tzinfo=UTC)
HOUR = [statistics(*({"Timestamp": NOW + timedelta(minutes=n), "Sum": 20.0} for n in range(60)))]


def plane(script: dict[str, list[tuple[str, Any]]]) -> PlaneService:
    """With a minute of policy time in a second."""

    class Plane(Connection):
        def client(self, service: str, **config: Any) -> Any:
            return clients.client(service)

        def get(self, path: str) -> tuple[int, bytes]:
            assert path == "/_kennel/status"
            clock = {"policy": NOW.timestamp(), "scale": 60.0}
            return 200, json.dumps({"clock": clock, "launch_delay_seconds": 90.0}).encode()

    clients = ScriptedService(cast(Any, script))
    return PlaneService(Plane("http://127.0.0.1:9", "us-east-1", "a", "b"))


def test_a_planes_traffic_is_told_in_wall_time():
    found = traffic_of(plane({"cloudwatch": HOUR}), Target(Kind.ENDPOINT, "dogs", "A"), 3600)
    assert found.duration == pytest.approx(60)
    assert found.expected == pytest.approx(1200)
    assert found.rate(30) == pytest.approx(20)


def simulated(monkeypatch, capsys, *options):
    script = {
        "sagemaker": [endpoint("AllTraffic"), CONFIG],
        "cloudwatch": list(HOUR),
        "application-autoscaling": [NO_TARGETS],
    }
    service = plane(script)
    monkeypatch.setattr(inputs, "service_of", lambda arguments: service)
    named = Target(Kind.ENDPOINT, "dogs", "AllTraffic")
    monkeypatch.setattr(inputs, "find_target", lambda target, service: named)
    words = ["--service", "100ms", "--instances", "1..3", "--target", "10", *options]
    traffic = ("--traffic-from", "endpoint:dogs")
    assert main(["plan", "simulate", "--endpoint", "dogs", *traffic, *words]) == 0
    return capsys.readouterr().out


def test_what_is_live_on_a_plane_is_simulated_on_its_clock(monkeypatch, capsys):
    out = simulated(monkeypatch, capsys)
    assert "for 60 s, at most 20/s" in out
    assert "time scale 60, target 10/min, cooldowns 300 s, launch 90 s" in out
    assert "note: the plane's are the time scale 60 and the launch delay 90 s" in out
    assert "00:03:12  1 → 3     90 s" in out


def test_what_is_typed_takes_the_planes_place(monkeypatch, capsys):
    out = simulated(monkeypatch, capsys, "--time-scale", "1", "--launch-delay", "4m")
    assert "1..3 ml.m5.large, target 10/min, cooldowns 300 s, launch 4 min" in out
    assert "the plane's are" not in out


def test_a_time_scale_shortens_what_policies_wait_for(capsys):
    words = ["plan", "simulate", "--traffic", "20/s:60s", "--service", "100ms", "--json"]
    words += ["--instances", "1..3", "--target", "10", "--launch-delay", "90s"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["capacity"]["most"] == 1
    assert main([*words, "--time-scale", "60"]) == 0
    assert json.loads(capsys.readouterr().out)["capacity"]["most"] == 3
    assert main([*words, "--time-scale", "0"]) == 2
    assert "time-scale: '0' is no number above 0" in capsys.readouterr().err
