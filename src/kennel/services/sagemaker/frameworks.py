"""What the URI of a framework image asks for, and what is said where something else runs.

AWS's tags name versions: `1.4.0-cpu-py3`, `2.0.0-gpu-py310-cu118-ubuntu20.04-sagemaker`,
`1.13.1-transformers4.26.0-cpu-py39-ubuntu20.04`, `1.2-1-cpu-py3` (the second part of scikit-learn's
and XGBoost's is the image's own revision). No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["DISTRIBUTIONS", "Asked", "remarks"]

# A repository's name without its use, the framework, its distribution.
_FAMILIES = (
    ("huggingface-pytorch", "PyTorch", "torch"),
    ("huggingface-tensorflow", "TensorFlow", "tensorflow"),
    ("sagemaker-pytorch", "PyTorch", "torch"),
    ("sagemaker-scikit-learn", "scikit-learn", "scikit-learn"),
    ("sagemaker-tensorflow", "TensorFlow", "tensorflow"),
    ("sagemaker-tensorflow-scriptmode", "TensorFlow", "tensorflow"),
    ("sagemaker-xgboost", "XGBoost", "xgboost"),
    ("sagemaker-mxnet", "MXNet", "mxnet"),
    ("autogluon", "AutoGluon", "autogluon"),
    ("mxnet", "MXNet", "mxnet"),
    ("pytorch", "PyTorch", "torch"),
    ("pytorch-trcomp", "PyTorch", "torch"),
    ("tensorflow", "TensorFlow", "tensorflow"),
)
_TRANSFORMERS = "transformers"
# Every distribution that an image may ask for.
DISTRIBUTIONS = tuple(dict.fromkeys([*(row[2] for row in _FAMILIES), _TRANSFORMERS]))

_URI = re.compile(r"[^/]+/(?P<repository>[^:@]+):(?P<tag>.+)")
_VERSION = re.compile(r"\d+(\.\d+)*")
_PYTHON = re.compile(r"(?:^|-)py(\d)(\d*)(?=-|$)")
_WITH_TRANSFORMERS = re.compile(r"-transformers(\d+(?:\.\d+)*)")


@dataclass(frozen=True, slots=True)
class Package:
    """A framework as people call it, its distribution, and the version asked for, or nothing."""

    label: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.label} {self.version}".rstrip()


@dataclass(frozen=True, slots=True)
class Asked:
    """What an image's URI names. `python` is `3` or `3.10`; empty where the tag names none.
    `toolkit` is what `kennel.runtimes.serving` takes the default handlers from."""

    packages: tuple[Package, ...]
    python: str
    toolkit: str

    @classmethod
    def of(cls, uri: str) -> Asked | None:
        """What a URI asks for; None if it is no image of a framework."""
        match = _URI.fullmatch(uri)
        if match is None:
            return None
        repository, tag = match["repository"], match["tag"]
        for use in ("-training", "-inference"):
            repository = repository.removesuffix(use)
        family = next((row for row in _FAMILIES if repository == row[0]), None)
        if family is None:
            return None
        _, label, distribution = family
        version = _VERSION.match(tag)
        toolkit = "scikit-learn" if distribution == "scikit-learn" else "pytorch"
        packages = [Package(label, distribution, version[0] if version else "")]
        if repository.startswith("huggingface-"):
            toolkit = "huggingface"
            named = _WITH_TRANSFORMERS.search(tag)
            packages.append(Package(_TRANSFORMERS, _TRANSFORMERS, named[1] if named else ""))
        python = _PYTHON.search(tag)
        version_of_python = ".".join(filter(None, python.groups())) if python else ""
        return cls(tuple(packages), version_of_python, toolkit)


def remarks(
    asked: Asked, python: str, installed: Mapping[str, str], *, interpreter: str, file: str
) -> Iterator[str]:
    """Sentences on what differs: none where all is as it was asked for.

    `python` is the version of the `interpreter`, `installed` what of DISTRIBUTIONS it has; `file`
    is where another interpreter can be named.
    """
    here = [package for package in asked.packages if package.distribution in installed]
    same = _covers(asked.python, python) and all(
        _covers(package.version, installed[package.distribution]) for package in here
    )
    if not same:
        wanted = _listed([*map(str, here)], asked.python and f"Python {asked.python}")
        runs = _listed(
            [f"{package.label} {installed[package.distribution]}" for package in here],
            f"Python {python}",
        )
        yield (
            f"The image asks for {wanted}; here it runs on {runs}. "
            f"To run it on another Python, name one for the image in {file}."
        )
    for package in asked.packages:
        if package.distribution not in installed:
            name = package.distribution
            yield (
                f"The image is for {package}, and {name} is not installed here: a script that "
                f"imports it will fail. Name {name} in a requirements.txt beside the script, run "
                f"`{interpreter} -m pip install {name}`, or name a Python that has it for the "
                f"image in {file}."
            )


def _covers(asked: str, have: str) -> bool:
    """Whether a version is the one that was asked for, as far as that says."""
    parts = asked.split(".") if asked else []
    return have.partition("+")[0].split(".")[: len(parts)] == parts


def _listed(packages: list[str], python: str) -> str:
    return " on ".join(filter(None, [" and ".join(packages), python]))
