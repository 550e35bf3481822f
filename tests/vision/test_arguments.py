from __future__ import annotations

import pytest

from kennel.vision.arguments import parse


def test_underscores_stand_for_hyphens():
    for name in ("--learning-rate", "--learning_rate"):
        assert parse(["--data", "x", name, "0.5"]).learning_rate == 0.5


def test_the_job_says_where_things_are(monkeypatch):
    monkeypatch.setenv("SM_CHANNEL_TRAINING", "/data")
    monkeypatch.setenv("SM_MODEL_DIR", "/model")
    monkeypatch.setenv("SM_OUTPUT_DATA_DIR", "/output")
    found = parse([])
    assert (found.data, found.model_dir, found.output_dir) == ("/data", "/model", "/output")


@pytest.mark.parametrize(
    "typed",
    [
        ["--learning-rate", "0"],
        ["--learning-rate", "nan"],
        ["--learning-rate", "inf"],
        ["--batch-size", "0"],
        ["--batch-size", "1.5"],
        ["--label-smoothing", "1"],
        ["--precision", "int4"],
        ["--unknown", "1"],
    ],
)
def test_bad_values_are_refused(typed, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--data", "x", *typed])
    assert ended.value.code == 2
    assert typed[0] in capsys.readouterr().err


def test_without_data_it_says_which_option(monkeypatch, capsys):
    monkeypatch.delenv("SM_CHANNEL_TRAINING", raising=False)
    with pytest.raises(SystemExit):
        parse([])
    assert "--data" in capsys.readouterr().err
