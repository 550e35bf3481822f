from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kennel.services.sagemaker.images import Image, Images, UnknownImage

ACCOUNT = "000000000000"
PLANE = Image(Path(sys.executable))


@pytest.mark.parametrize(
    "uri",
    [
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0.0-cpu-py310",
        "763104351884.dkr.ecr.eu-west-3.amazonaws.com/pytorch-inference:1.12-cpu-py38",
        "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-training:1.4.0-cpu-py3",
        "520713654638.dkr.ecr.us-east-1.amazonaws.com/sagemaker-pytorch:1.1.0-cpu-py3",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        "763104351884.dkr.ecr-fips.us-east-1.amazonaws.com/huggingface-pytorch-training:2.1",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training@sha256:abc",
        "kennel",
        "kennel/pytorch:2.13",
    ],
)
def test_a_framework_image_of_awss_stands_for_the_planes_python(tmp_path, uri):
    assert Images(tmp_path, ACCOUNT).find(uri) == PLANE


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "pytorch-training",
        "ubuntu:22.04",
        "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
        f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1",
        "evil.example/763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com.evil.example/pytorch-training:1",
    ],
)
def test_an_unknown_image_is_refused_with_advice(tmp_path, uri):
    with pytest.raises(UnknownImage, match=r"images\.toml") as refusal:
        Images(tmp_path, ACCOUNT).find(uri)
    assert uri in str(refusal.value)


def test_images_toml_maps_an_image_to_a_python_or_a_command(tmp_path):
    (tmp_path / "images.toml").write_text(
        '[images]\n"*/mine:*" = { command = ["/opt/mine/run.sh", "-v"] }\n'
        '"*/pytorch-training:1.*" = { python = "/bin/sh" }\n'
    )
    images = Images(tmp_path, ACCOUNT)
    mine = images.find(f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/mine:3")
    assert mine.command == ("/opt/mine/run.sh", "-v")
    old = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.4"
    assert images.find(old) == Image(Path("/bin/sh"))
    assert images.find(old.replace("1.4", "2.0")) == PLANE


def test_a_change_of_images_toml_counts_at_once(tmp_path):
    images = Images(tmp_path, ACCOUNT)
    with pytest.raises(UnknownImage):
        images.find("mine")
    (tmp_path / "images.toml").write_text('[images]\nmine = { python = "/bin/python3" }\n')
    assert images.find("mine").python == Path("/bin/python3")


@pytest.mark.parametrize(
    "text",
    [
        "[images",
        "images = 3",
        "[images]\nmine = 3",
        "[images]\nmine = { command = [] }",
        "[images]\nmine = { command = [1] }",
        '[images]\nmine = { python = "p", command = ["c"] }',
    ],
)
def test_a_broken_images_toml_is_named_as_the_cause(tmp_path, text):
    (tmp_path / "images.toml").write_text(text + "\n")
    with pytest.raises(UnknownImage, match=r"images\.toml"):
        Images(tmp_path, ACCOUNT).find("mine")


def test_a_python_that_is_not_there_is_named(tmp_path):
    (tmp_path / "images.toml").write_text('[images]\nmine = { python = "/nope/python" }\n')
    with pytest.raises(UnknownImage, match=r"/nope/python .* does not exist"):
        Images(tmp_path, "000000000000").find("mine")


def test_a_misspelled_table_is_named(tmp_path):
    (tmp_path / "images.toml").write_text('[image]\nmine = { python = "/bin/sh" }\n')
    with pytest.raises(UnknownImage, match=r"has image, which means nothing"):
        Images(tmp_path, "000000000000").find("kennel")
