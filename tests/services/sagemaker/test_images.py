from __future__ import annotations

import sys
import venv
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


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An environment of its own, with nothing in it."""
    venv.create(tmp_path / "environment", symlinks=True)
    return tmp_path / "environment" / "bin" / "python"


def test_images_toml_maps_an_image_to_a_python_or_a_command(tmp_path, python):
    (tmp_path / "images.toml").write_text(
        '[images]\n"*/mine:*" = { command = ["/opt/mine/run.sh", "-v"] }\n'
        f'"*/pytorch-training:1.*" = {{ python = "{python}" }}\n'
    )
    images = Images(tmp_path, ACCOUNT)
    mine = images.find(f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/mine:3")
    assert mine.command == ("/opt/mine/run.sh", "-v")
    old = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.4"
    assert images.find(old) == Image(python)
    assert images.find(old.replace("1.4", "2.0")) == PLANE


def test_a_change_of_images_toml_counts_at_once(tmp_path, python):
    images = Images(tmp_path, ACCOUNT)
    with pytest.raises(UnknownImage):
        images.find("mine")
    (tmp_path / "images.toml").write_text(f'[images]\nmine = {{ python = "{python}" }}\n')
    assert images.find("mine").python == python


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


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("exit 3", "ends with 3"),
        ("echo nonsense", "does not run as a Python"),
        ("""echo '{"python": "3.8.20", "versions": {}}'""", "is Python 3.8.20, and the toolkits"),
    ],
)
def test_a_python_that_can_t_run_the_toolkits_is_named(tmp_path, text, why):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{text}\n")
    python.chmod(0o755)
    (tmp_path / "images.toml").write_text(f'[images]\nmine = {{ python = "{python}" }}\n')
    with pytest.raises(UnknownImage, match=why) as refusal:
        Images(tmp_path, ACCOUNT).find("mine")
    assert str(python) in str(refusal.value)


SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def test_what_another_python_does_not_have_is_said_until_it_has_it(tmp_path, python):
    (tmp_path / "images.toml").write_text(f'[images]\n"*" = {{ python = "{python}" }}\n')
    images = Images(tmp_path, ACCOUNT)

    def said() -> list[str]:
        return list(images.remarks(SKLEARN, images.find(SKLEARN)))

    [sentence] = said()
    assert "scikit-learn is not installed here" in sentence
    assert f"{python} -m pip install scikit-learn" in sentence
    [packages] = (tmp_path / "environment").glob("lib/python3*/site-packages")
    (packages / "scikit_learn-1.2.2.dist-info").mkdir()
    (packages / "scikit_learn-1.2.2.dist-info" / "METADATA").write_text("Version: 1.2.2\n")
    assert said() == []


def test_a_command_runs_whatever_it_runs(tmp_path):
    (tmp_path / "images.toml").write_text('[images]\n"*" = { command = ["/bin/true"] }\n')
    images = Images(tmp_path, ACCOUNT)
    assert list(images.remarks(SKLEARN, images.find(SKLEARN))) == []


def test_a_misspelled_table_is_named(tmp_path):
    (tmp_path / "images.toml").write_text('[image]\nmine = { python = "/bin/sh" }\n')
    with pytest.raises(UnknownImage, match=r"has image, which means nothing"):
        Images(tmp_path, "000000000000").find("kennel")
