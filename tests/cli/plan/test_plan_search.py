"""`kennel plan search`, as the command is typed."""

from __future__ import annotations

import json

import pytest

from kennel.cli.main import main

TRAFFIC = ("--traffic", "2/s:20m,20/s:20m", "--service", "exp:50ms")


def test_it_chooses_and_says_how_to_set_it(kennel, tmp_path):
    out = tmp_path / "out"
    done = kennel(
        *("plan", "search", "--slo", "p99<400ms", *TRAFFIC, "--instances", "1..4"),
        *("--out", str(out)),
    )
    assert done.returncode == 0, done.stderr
    assert "Chosen: " in done.stdout
    assert "with other seeds" in done.stdout
    assert "\naws " in done.stdout
    record = json.loads((out / "search.json").read_text())
    assert record["kept"] is True
    assert record["calls"]
    assert (out / "search.png").stat().st_size > 10_000


def test_what_nothing_keeps_is_said_with_what_comes_nearest(kennel):
    done = kennel("plan", "search", "--slo", "p99<5ms", *TRAFFIC, "--instances", "1..2")
    assert done.returncode == 1
    assert "No setting keeps p99<5ms. The nearest is " in done.stdout
    assert "p99<5ms is out of reach: the service time alone makes it " in done.stdout


def test_a_file_may_say_where_to_look(tmp_path, capsys):
    file = tmp_path / "plan.toml"
    file.write_text(
        'traffic = "poisson:2/s"\nservice = "300ms"\nmemory = 512\nprovisioned = "0..2"\n'
    )
    words = ["--plan", str(file), "--slo", "throttled<1%", "--duration", "10m", "--json"]
    assert main(["plan", "search", *words]) == 0
    record = json.loads(capsys.readouterr().out)
    assert "512 MB" in record["chosen"]["setting"]
    assert all(" 3 provisioned" not in one["setting"] for one in record["tried"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--slo", "p99>5ms"), "is no objective"),
        (("--slo", "p99<5ms", "--target", "5"), "target is what the search looks for"),
        (("--slo", "p99<5ms", "--types", "ml.m5.large=fast"), "--types"),
        (("--slo", "p99<5ms", "--instances", "few"), "no capacity"),
    ],
)
def test_what_can_not_be_done_is_one_sentence_and_exit_code_2(capsys, arguments, sentence):
    assert main(["plan", "search", *TRAFFIC, *arguments]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
