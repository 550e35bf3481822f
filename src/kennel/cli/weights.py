"""Keeps pretrained weights for jobs and endpoints, so that they need not download them."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kennel.cli.connection import state_folder
from kennel.cli.download import download
from kennel.cli.errors import CommandError, UsageError
from kennel.cli.progress import Bar
from kennel.cli.table import print_table
from kennel.runtimes import SITE_FOLDER
from kennel.weights import NoWeights, WeightFile, WeightsFolder

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel weights add resnet50                            # what pretrained=True and DEFAULT load
  kennel weights add ~/Downloads/resnet50-0676ba61.pth
  kennel weights add https://download.pytorch.org/models/resnet18-f37072fd.pth
  kennel weights list"""

_CHUNK = 4 << 20

# Run in a process of its own: importing torchvision takes seconds and half a gigabyte.
_ASK_TORCHVISION = """
import sys
from torchvision import models
name, _, entry = sys.argv[1].partition(":")
try:
    weights = models.get_model_weights(name)
except ValueError:
    sys.exit(3)
wanted = [entry] if entry else ["IMAGENET1K_V1", "DEFAULT"]
found = [weights[one].url for one in wanted if one in weights.__members__]
if not found:
    print(", ".join(weights.__members__))
    sys.exit(4)
print("\\n".join(dict.fromkeys(found)))
"""
_NO_SUCH_MODEL, _NO_SUCH_ENTRY = 3, 4


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Keeps pretrained weights in the state folder. A job or an endpoint that would download a\n"
        "file of that name (torchvision's pretrained=True, torch.hub) takes it from there."
    )
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    add = kinds.add_parser("add", help="keep a file of weights")
    add.add_argument(
        "source",
        metavar="WHAT",
        help="a file, a URL, or the name of a torchvision model such as resnet50 or "
        "resnet50:IMAGENET1K_V2",
    )
    add.add_argument(
        "--name", metavar="FILE", help="the name that scripts ask for (default: the source's own)"
    )
    listing = kinds.add_parser("list", help="list the files that are kept")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    remove = kinds.add_parser("remove", help="delete a file")
    remove.add_argument("name", metavar="FILE", help="its name, as `list` shows it")


def run(arguments: argparse.Namespace) -> int:
    folder = WeightsFolder(state_folder(arguments))
    try:
        if arguments.kind == "add":
            for source in _sources(arguments.source, arguments.name):
                _show(_add(folder, source, arguments.name))
        elif arguments.kind == "remove":
            folder.remove(arguments.name)
            print(f"{arguments.name} is removed.")
        else:
            _list(folder.files(), as_json=arguments.json)
    except NoWeights as error:
        raise UsageError(f"{error}.") from error
    except OSError as error:
        raise CommandError(
            f"{error.filename or folder.path}: {error.strerror or error}."
        ) from error
    return 0


def _sources(source: str, name: str | None) -> list[str]:
    """Files and URLs as they are; a model's name as the URLs of its weights."""
    if _is_url(source) or os.path.lexists(source):
        return [source]
    if "/" in source or source.endswith((".pth", ".pt", ".bin", ".safetensors")):
        raise UsageError(f"There is no file {source}.")
    urls = _torchvision_urls(source)
    if name is not None and len(urls) > 1:
        raise UsageError(
            f"--name {name} can't stand for the {len(urls)} files of {source}; name one of them, "
            f"such as {source}:DEFAULT."
        )
    return urls


def _torchvision_urls(model: str) -> list[str]:
    environment = os.environ | {"PYTHONPATH": SITE_FOLDER}
    asked = subprocess.run(
        [sys.executable, "-c", _ASK_TORCHVISION, model],
        env=environment,
        capture_output=True,
        text=True,
    )
    match asked.returncode:
        case 0:
            return asked.stdout.split()
        case code if code == _NO_SUCH_MODEL:
            raise UsageError(f"{model} is no file, no URL and no model of torchvision's.")
        case code if code == _NO_SUCH_ENTRY:
            named = model.partition(":")[0]
            raise UsageError(
                f"{model} is not among torchvision's weights; {named} has {asked.stdout.strip()}: "
                f"name one as {named}:ENTRY."
            )
    said = asked.stderr.strip().rpartition("\n")[2]
    raise CommandError(f"torchvision can't be asked where the weights of {model} are: {said}")


def _add(folder: WeightsFolder, source: str, name: str | None) -> WeightFile:
    if _is_url(source):
        name = name or unquote(urlsplit(source).path).rpartition("/")[2]
        part = folder.part(name)
        download(name, source, part)
    else:
        path = Path(source)
        if not path.is_file():
            raise UsageError(f"{source} is no file.")
        name = name or path.name
        folder.write(name, _chunks(path))
    return folder.keep(name)


def _chunks(path: Path) -> Iterator[bytes]:
    total, done = path.stat().st_size, 0
    with open(path, "rb") as file, Bar(sys.stderr) as bar:
        while chunk := file.read(_CHUNK):
            yield chunk
            done += len(chunk)
            bar.show(done >> 20, total >> 20, "MB")


def _is_url(source: str) -> bool:
    return urlsplit(source).scheme in ("http", "https")


def _show(file: WeightFile) -> None:
    print(f"{file.name} is kept ({_megabytes(file.bytes)}).")


def _list(files: list[WeightFile], *, as_json: bool) -> None:
    rows = [(file, datetime.fromtimestamp(file.added, UTC)) for file in files]
    if as_json:
        described = [
            {"name": file.name, "bytes": file.bytes, "added": added.isoformat(timespec="seconds")}
            for file, added in rows
        ]
        print(json.dumps(described, indent=2))
    elif not files:
        print("No weights are kept. `kennel weights add resnet50` keeps a model's.")
    else:
        print_table(
            ["NAME", "SIZE", "ADDED"],
            [
                (file.name, _megabytes(file.bytes), f"{added:%Y-%m-%d %H:%M}")
                for file, added in rows
            ],
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
