"""Which parts of names count as made anew each time."""

from __future__ import annotations

import pytest

from kennel.cli.iam.generate.varying import numbered, without_random_parts, without_times


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("dogs-1125-163820-ab12-best", "dogs-*-best"),
        ("dogs-1125-163820-beef-001-1a2b3c4d", "dogs-*"),
        ("pytorch-training-2026-11-25-16-38-20-123", "pytorch-training-*"),
        ("endpoint/dog-1777622400", "endpoint/dog-*"),
        ("report_20260501.csv", "report_*.csv"),
        ("runs/2026/05/01/log", "runs/*/*/*/log"),
        ("output/job-2026-05-01-10-00/output/model.tar.gz", "output/job-*/output/model.tar.gz"),
    ],
)
def test_a_time_in_a_name_varies(name, pattern):
    assert without_times(name) == pattern


@pytest.mark.parametrize(
    "name",
    [
        "dog-breeds",
        "resnet50",
        "model-2026-best",
        "x86_64",
        "v1.2.3",
        "001.Affenpinscher/img_00213.jpg",
        "kennel-demo-000000000000-us-east-1",
        "data/8a69980e92c7/train",
        "550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_a_name_without_a_time_stays(name):
    assert without_times(name) == name


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("job-550e8400-e29b-41d4-a716-446655440000", "job-*"),
        ("data/8a69980e92c7/train", "data/*/train"),
        ("decade", "decade"),
        ("facade99", "*"),
    ],
)
def test_random_parts_are_uuids_and_hexadecimal_ones(name, pattern):
    assert without_random_parts(name) == pattern


def test_names_that_differ_in_a_number_alone_have_one_pattern():
    names = {"part-1-of-3", "part-2-of-3", "part-3-of-3", "other-1"}
    assert numbered(names) == {"part-*-of-3": ("part-1-of-3", "part-2-of-3", "part-3-of-3")}
    assert numbered({"a1", "a2"}) == {}
