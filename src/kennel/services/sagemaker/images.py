"""Which local environment stands for a container image.

No image is pulled. The framework images that AWS publishes stand for a Python environment of this
machine: the plane's own, unless `images.toml` in the state folder says otherwise:

    [images]
    "*/pytorch-training:2.0*" = { python = "/opt/envs/torch20/bin/python" }
    "000000000000.dkr.ecr.us-east-1.amazonaws.com/mine:1" = { command = ["/opt/mine/run.sh"] }

A pattern is a shell pattern (`*`, `?`, `[…]`) over the whole image URI; the first that matches
counts. `python` names an interpreter, 3.11 or later, that the toolkits of `kennel.runtimes` run
in; `command` is run as a container's entry point is: with `train` or `serve` behind it.

The kernels of notebook instances have a table of their own, with the Python that each runs in:

    [kernels]
    conda_pytorch_p310 = { python = "/opt/envs/torch20/bin/python" }
"""

from __future__ import annotations

import logging
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from kennel.services.sagemaker.frameworks import Asked, remarks
from kennel.services.sagemaker.interpreters import Interpreter, InterpreterUnusable

__all__ = ["Image", "Images", "UnknownImage"]

log = logging.getLogger(__name__)

_FILE = "images.toml"
_LEAST_PYTHON = (3, 11)  # what kennel.runtimes is written in

# Repositories in which AWS publishes images with Python and the SageMaker toolkits, from
# https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
# and https://aws.github.io/deep-learning-containers/reference/available_images/
_FRAMEWORKS = frozenset(
    f"{name}{use}"
    for name in (
        "autogluon",
        "djl",
        "huggingface-pytorch",
        "huggingface-tensorflow",
        "mxnet",
        "pytorch",
        "pytorch-trcomp",
        "sagemaker-base-python",
        "sagemaker-mxnet",
        "sagemaker-pytorch",
        "sagemaker-scikit-learn",
        "sagemaker-tensorflow",
        "sagemaker-tensorflow-scriptmode",
        "sagemaker-xgboost",
        "tensorflow",
    )
    for use in ("", "-training", "-inference")
)

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"
    r"/(?P<repository>[^:@]+)(?P<tag>[:@].*)?"
)
_KERNELS = ("conda_python3", "conda_pytorch_p310")
_KERNEL = re.compile(r"conda_[a-zA-Z0-9_]+")
# `kennel`, `kennel/pytorch:2`, … for requests written for Kennel alone.
_SHORT = re.compile(r"kennel(/[a-z0-9._-]+)?(:[\w.-]+)?")


class UnknownImage(Exception):
    """No environment stands for an image; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Image:
    """What stands for an image: a Python interpreter, and the command that takes the place of
    the toolkits (empty where the toolkits of `kennel.runtimes` are to run)."""

    python: Path
    command: tuple[str, ...] = ()


class Images:
    """The images that a plane knows. `images.toml` is read at each look-up: it is small, and a
    change counts at once."""

    def __init__(self, folder: Path, account_id: str) -> None:
        self._file = folder / _FILE
        self._account_id = account_id

    def find(self, uri: str) -> Image:
        """What stands for the image. Raises UnknownImage."""
        for pattern, entry in self._entries().items():
            if fnmatchcase(uri, pattern):
                return self._image(pattern, entry)
        match = _ECR.fullmatch(uri)
        if _SHORT.fullmatch(uri) or (
            match is not None
            # An image of the account's own may hold anything, whatever it is called.
            and match["account"] != self._account_id
            and match["repository"] in _FRAMEWORKS
        ):
            return Image(Path(sys.executable))
        raise UnknownImage(
            f"Kennel has no environment for the image {uri}. Name one in {self._file}, "
            f'for example: [images] "{uri}" = {{ python = "{sys.executable}" }}'
        )

    @staticmethod
    def toolkit(uri: str) -> str:
        """Whose toolkit serves models of an image: `pytorch`, `scikit-learn`, `huggingface`."""
        asked = Asked.of(uri)
        return asked.toolkit if asked is not None else "pytorch"

    def remarks(self, uri: str, image: Image) -> Iterator[str]:
        """How what runs differs from what the image's name asks for: a sentence each, for the
        log of whatever runs on it."""
        asked = Asked.of(uri)
        if asked is None or image.command:
            return
        try:
            interpreter = Interpreter.at(image.python)
        except InterpreterUnusable as error:
            log.warning("the environment for %s: %s", uri, error)
            return
        yield from remarks(
            asked,
            interpreter.python,
            interpreter.versions,
            interpreter=str(image.python),
            file=str(self._file),
        )

    def kernels(self) -> Mapping[str, Path]:
        """The Python of each kernel of a notebook instance: AWS's two, and those of the file.
        Raises UnknownImage."""
        found = dict.fromkeys(_KERNELS, Path(sys.executable))
        for name, entry in self._table("kernels").items():
            match entry:
                case {"python": str(), **rest} if not rest and _KERNEL.fullmatch(name):
                    found[name] = self._image(name, entry).python
                case _:
                    raise UnknownImage(
                        f'The kernel "{name}" in {self._file} must be called conda_… and be '
                        '{ python = "/path/to/python" }.'
                    )
        return found

    def _entries(self) -> Mapping[str, Any]:
        return self._table("images")

    def _table(self, name: str) -> Mapping[str, Any]:
        try:
            text = self._file.read_text()
        except FileNotFoundError:
            return {}
        except UnicodeDecodeError:
            raise UnknownImage(f"{self._file} is not valid TOML: it is no UTF-8.") from None
        try:
            tables = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
            raise UnknownImage(f"{self._file} is not valid TOML: {error}") from error
        if strange := sorted(tables.keys() - {"images", "kernels"}):
            raise UnknownImage(
                f"{self._file} has {strange[0]}, which means nothing there; its tables are "
                "[images] and [kernels]."
            )
        table = tables.get(name, {})
        if not isinstance(table, dict):
            raise UnknownImage(f"{name} in {self._file} must be a table.")
        return table

    def _image(self, pattern: str, entry: Any) -> Image:
        match entry:
            case {"python": str(python), **rest} if not rest:
                path = Path(python).expanduser()
                self._check(path, pattern)
                return Image(path)
            case {"command": [*words], **rest} if (
                not rest and words and all(isinstance(word, str) for word in words)
            ):
                return Image(Path(sys.executable), tuple(words))
        raise UnknownImage(
            f'The entry "{pattern}" in {self._file} must be either '
            '{ python = "/path/to/python" } or { command = ["program", "argument"] }.'
        )

    def _check(self, python: Path, pattern: str) -> None:
        named = f'The Python {python} that {self._file} names for "{pattern}"'
        if not python.exists():
            raise UnknownImage(f"{named} does not exist.")
        try:
            version = Interpreter.at(python).python
        except InterpreterUnusable as error:
            raise UnknownImage(f"{named} can't be used: {error}.") from error
        if tuple(int(part) for part in version.split(".")[:2]) < _LEAST_PYTHON:
            raise UnknownImage(
                f"{named} is Python {version}, and the toolkits need "
                f"{'.'.join(map(str, _LEAST_PYTHON))} or later."
            )
