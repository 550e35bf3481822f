from dataclasses import fields
from pathlib import Path

import pytest

from kennel.settings import SETTINGS, Settings


def test_the_table_has_a_row_for_every_setting_but_the_host():
    assert {s.name for s in SETTINGS} == {f.name for f in fields(Settings)} - {"host"}


def test_an_option_wins_over_its_variable_and_that_over_the_default():
    environment = {"KENNEL_PORT": "7000", "KENNEL_REGION": "eu-west-1", "KENNEL_STATE": "/v"}
    settings = Settings.read({"port": "0", "state": None}, environment)
    assert settings == Settings(Path("/v"), port=0, time_scale=1.0, region="eu-west-1")


def test_an_empty_variable_counts_as_not_set():
    assert Settings.read({"state": "/s"}, {"KENNEL_PORT": ""}).port == 4566


def test_a_state_folder_is_absolute_and_may_start_at_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.chdir(tmp_path)
    assert Settings.read({"state": "~/k"}, {}).state == Path("/home/ada/k")
    assert Settings.read({"state": "k"}, {}).state == tmp_path / "k"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "65536"),
        ("port", "-1"),
        ("port", "http"),
        ("port", "４５"),
        ("time_scale", "0"),
        ("time_scale", "-3"),
        ("time_scale", "nan"),
        ("time_scale", "inf"),
        ("time_scale", "fast"),
        ("launch_delay", "-1"),
        ("launch_delay", "nan"),
        ("launch_delay", "4 min"),
        ("region", "mars"),
        ("region", "us-east-1\n"),
        ("state", ""),
    ],
)
def test_a_bad_value_is_refused_with_its_option_and_itself_named(name, text):
    with pytest.raises(ValueError) as caught:
        Settings.read({"state": "/s", name: text}, {})
    assert str(caught.value).startswith("--" + name.replace("_", "-"))
    assert repr(text) in str(caught.value)


def test_a_bad_variable_is_named_as_the_culprit():
    with pytest.raises(ValueError, match=r"^KENNEL_TIME_SCALE must be"):
        Settings.read({"state": "/s"}, {"KENNEL_TIME_SCALE": "x"})


@pytest.mark.parametrize(
    "region", ["us-east-1", "ap-southeast-2", "us-gov-west-1", "eusc-de-east-1"]
)
def test_the_regions_that_aws_has_are_taken(region):
    assert Settings.read({"state": "/s", "region": region}, {}).region == region
