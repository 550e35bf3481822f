"""What images ask for, and what is said of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.sagemaker.frameworks import Asked, remarks

ECR = "763104351884.dkr.ecr.us-east-1.amazonaws.com/"


@pytest.mark.parametrize(
    ("image", "packages", "python", "toolkit"),
    [
        ("pytorch-training:1.4.0-cpu-py3", "PyTorch 1.4.0", "3", "pytorch"),
        ("pytorch-training:1.8-gpu-py36", "PyTorch 1.8", "3.6", "pytorch"),
        (
            "pytorch-inference:2.0.0-gpu-py310-cu118-ubuntu20.04-sagemaker",
            "PyTorch 2.0.0",
            "3.10",
            "pytorch",
        ),
        ("sagemaker-pytorch:0.4.0-cpu-py2", "PyTorch 0.4.0", "2", "pytorch"),
        ("sagemaker-scikit-learn:1.2-1-cpu-py3", "scikit-learn 1.2", "3", "scikit-learn"),
        ("sagemaker-xgboost:1.5-1", "XGBoost 1.5", "", "pytorch"),
        (
            "huggingface-pytorch-training:1.13.1-transformers4.26.0-cpu-py39-ubuntu20.04",
            "PyTorch 1.13.1, transformers 4.26.0",
            "3.9",
            "huggingface",
        ),
        ("tensorflow-training:2.11.0-cpu-py39", "TensorFlow 2.11.0", "3.9", "pytorch"),
    ],
)
def test_a_tag_names_versions(image, packages, python, toolkit):
    asked = Asked.of(ECR + image)
    assert asked is not None
    assert ", ".join(map(str, asked.packages)) == packages
    assert (asked.python, asked.toolkit) == (python, toolkit)


@pytest.mark.parametrize("uri", ["kennel", f"{ECR}djl:0.21", f"{ECR}pytorch-of-mine:1", ECR, ""])
def test_other_images_ask_for_nothing_that_is_known(uri):
    assert Asked.of(uri) is None


def said(image: str, python: str = "3.11.7", **installed: str) -> list[str]:
    asked = Asked.of(ECR + image)
    assert asked is not None
    versions = {name.replace("_", "-"): version for name, version in installed.items()}
    return list(
        remarks(asked, python, versions, interpreter="/env/bin/python", file="/state/images.toml")
    )


def test_what_runs_instead_is_said_in_one_sentence():
    assert said("pytorch-training:1.4.0-cpu-py3", torch="2.13.0+cpu") == [
        "The image asks for PyTorch 1.4.0 on Python 3; here it runs on PyTorch 2.13.0+cpu on "
        "Python 3.11.7. To run it on another Python, name one for the image in /state/images.toml."
    ]


@pytest.mark.parametrize("tag", ["2.13.0-cpu-py311", "2.13-cpu-py3", "2-gpu-py311-cu130"])
def test_nothing_is_said_where_all_is_as_it_was_asked_for(tag):
    assert said(f"pytorch-training:{tag}", torch="2.13.0+cpu") == []


@pytest.mark.parametrize("tag", ["2.1-cpu-py311", "2.13.1-cpu-py311", "2.13.0-cpu-py310"])
def test_another_version_of_either_is_said(tag):
    assert len(said(f"pytorch-training:{tag}", torch="2.13.0")) == 1


def test_a_framework_that_is_not_installed_is_said_with_what_to_do():
    [differs, missing] = said(
        "huggingface-pytorch-training:2.1.0-transformers4.36.0-cpu-py310", torch="2.13.0"
    )
    assert differs.startswith("The image asks for PyTorch 2.1.0 on Python 3.10; here it runs on")
    assert missing == (
        "The image is for transformers 4.36.0, and transformers is not installed here: a script "
        "that imports it will fail. Name transformers in a requirements.txt beside the script, "
        "run `/env/bin/python -m pip install transformers`, or name a Python that has it for the "
        "image in /state/images.toml."
    )


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_tag_is_too_odd(repository, tag):
    asked = Asked.of(f"{ECR}{repository}:{tag}")
    if asked is not None:
        list(remarks(asked, "3.11.7", {}, interpreter="python", file="images.toml"))
    Asked.of(f"{ECR}pytorch-training:{tag}")
