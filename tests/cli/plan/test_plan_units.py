"""Durations on the command line have their unit, in plans as in loads."""

from __future__ import annotations

import pytest

from kennel.cli.main import main

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
