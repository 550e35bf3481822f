"""Durations on the command line have their unit, in plans as in loads."""

from __future__ import annotations

import pytest

from kennel.cli.main import main
from kennel.planner.traffic import parse_traffic

PLAN = ("plan", "simulate", "--traffic", "poisson:5/s")


@pytest.mark.parametrize(
    "arguments",
    [
        (*PLAN, "--service", "50"),
        (*PLAN, "--service", "exp:50"),
        (*PLAN, "--service", "50ms", "--init", "50"),
        (*PLAN, "--service", "50ms", "--instances", "1..2", "--target", "60", "--cooldown", "50"),
        (*PLAN, "--service", "50ms", "--slow", "50"),
        ("plan", "search", *PLAN[2:], "--service", "50ms", "--slo", "p99<50"),
        ("load", "endpoint:x", "--clients", "1", "--think", "50"),
        ("load", "endpoint:x", "--rate", "5/s", "--duration", "50"),
        ("load", "endpoint:x", "--rate", "5/s", "--timeout", "50"),
    ],
)
def test_a_number_without_a_unit_is_refused_with_what_to_write(arguments, capsys):
    assert main(list(arguments)) == 2
    error = capsys.readouterr().err
    assert "'50' has no unit; write 50ms or 50s." in error
    assert error.count("\n") == 1


def test_a_bare_rate_is_of_independent_requests():
    bare, poisson = (parse_traffic(text, 60) for text in ("20/s", "poisson:20/s"))
    assert list(bare.times(3)) == list(poisson.times(3))


def test_more_than_an_account_can_reserve_is_refused(capsys):
    words = ["plan", "simulate", "--traffic", "5/s:60s", "--service", "50ms", "--reserved"]
    assert main([*words, "901"]) == 2
    assert "901 is above 900" in capsys.readouterr().err
    assert main([*words, "900"]) == 0


def test_the_setting_tells_its_steps_and_a_change_under_way(capsys):
    step = "InvocationsPerInstance>60/1x60s:+1,+2@300"
    words = ["plan", "simulate", "--traffic", "20/s:3m", "--service", "100ms"]
    assert main([*words, "--instances", "1..6", "--step", step, "--launch-delay", "10m"]) == 0
    out = capsys.readouterr().out
    assert "InvocationsPerInstance > 60: +1, +2 from 360" in out
    assert "under way" in out
    assert " 0 s " not in out
