"""`kennel plan simulate`, as the command is typed."""

from __future__ import annotations

import json

import pytest

from kennel.cli.main import main

SIMULATE = ("plan", "simulate", "--traffic", "1/s:10m,30/s:20m", "--service", "exp:50ms")


def test_it_tells_latency_capacity_and_cost(kennel, tmp_path):
    out = tmp_path / "out"
    done = kennel(
        *SIMULATE,
        *("--instances", "1..3", "--target", "600/min", "--cooldown", "30s"),
        *("--slow", "300ms", "--out", str(out)),
    )
    assert done.returncode == 0, done.stderr
    assert "1..3 ml.m5.xlarge, target 600/min, cooldowns 30 s, launch 4 min" in done.stdout
    for row in ("p99 ", "over 300 ms", "instances ", "utilisation", "cost a month", "1 → 3"):
        assert row in done.stdout
    assert json.loads((out / "plan.json").read_text())["capacity"]["most"] == 3
    assert (out / "plan.png").stat().st_size > 10_000


def test_settings_are_compared_side_by_side(kennel):
    done = kennel(
        *SIMULATE, "--compare", "instances=3", "--compare", "instances=1..3 target=600", "--json"
    )
    assert done.returncode == 0, done.stderr
    fixed, scaled = json.loads(done.stdout)
    assert fixed["requests"]["all"] == scaled["requests"]["all"]
    assert scaled["cost"]["usd"] < fixed["cost"]["usd"]


def test_a_plan_may_stand_in_a_file(kennel, tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text('traffic = "poisson:5/s"\nservice = "50ms"\ninstances = 2\n')
    done = kennel("plan", "simulate", "--plan", str(file), "--duration", "10m", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["traffic"]["seconds"] == 600
    assert record["capacity"]["most"] == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--traffic", "5/s:60s,5/s"), "is no stage"),
        (("--traffic", "poisson:5/s"), "say so with --service"),
        (("--service", "50ms"), "There is no traffic"),
        (("--traffic", "poisson:5/s", "--service", "1s", "--days", "x"), "--days"),
        (("--traffic", "poisson:5/s", "--service", "1s", "--seed", "x"), "--seed"),
        (("--traffic", "poisson:5/s", "--service", "1s", "--begins", "x"), "--begins"),
        (("--traffic", "poisson:5/s", "--service", "1s", "--plan", "no.toml"), "no.toml"),
        (
            ("--traffic", "poisson:5/s", "--service", "1s", "--memory", "128", "--instances", "1"),
            "about one of them",
        ),
        (("--endpoint", "x", "--function", "y"), "two things"),
        (("--endpoint", "x", "--memory", "128"), "no options of a function"),
        (("--function", "x", "--instances", "1"), "no options of an endpoint"),
    ],
)
def test_what_can_not_be_done_is_one_sentence_and_exit_code_2(capsys, arguments, sentence):
    assert main(["plan", "simulate", *arguments]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert not captured.out


@pytest.mark.parametrize("kind", ["simulate", "search", "explain"])
def test_each_part_has_its_help(kind, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["plan", kind, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "--json" in out
    assert ("daily:peak=50/s,trough=5/s" in out) == (kind != "explain")


def test_live_settings_need_a_plane(kennel):
    done = kennel("plan", "simulate", "--endpoint", "x", "--traffic", "poisson:5/s")
    assert done.returncode == 1
    assert "No plane is running" in done.stderr
