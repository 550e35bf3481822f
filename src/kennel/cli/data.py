"""Gets a labelled picture set: drawn here, or downloaded."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from kennel.cli.download import ARCHIVES, fetch
from kennel.cli.errors import CommandError, UsageError
from kennel.cli.progress import Bar

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel data sample dogs                       # 133 breeds, 3,724 pictures
  kennel data sample few --breeds 3 --train 8
  kennel data fetch udacity-dogs dogImages      # 8,351 photos, 1.1 GB"""

_BREEDS = 133
_MOST_PICTURES = 1_000  # of a breed in a split


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Gets a labelled picture set as train/, valid/ and test/NNN.breed/*.jpg: `sample` draws "
        "dogs, without a network and the same ones for the same seed; `fetch` downloads photos."
    )
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    sample = kinds.add_parser("sample", help="draw pictures of dogs")
    sample.add_argument("folder", metavar="DIR", help="where to; missing or empty")
    sample.add_argument("--breeds", metavar="N", default="133", help="2 to 133 (default: 133)")
    for split, count in (("train", 20), ("valid", 4), ("test", 4)):
        text = f"pictures a breed for {split}/ (default: {count})"
        sample.add_argument(f"--{split}", metavar="N", default=str(count), help=text)
    sample.add_argument("--seed", metavar="N", default="0", help="another set (default: 0)")
    download = kinds.add_parser("fetch", help="download photos")
    download.add_argument("name", metavar="NAME", help=", ".join(ARCHIVES))
    download.add_argument("folder", metavar="DIR", help="where to; missing or empty")


def run(arguments: argparse.Namespace) -> int:
    folder = Path(arguments.folder)
    if arguments.kind == "fetch":
        archive = ARCHIVES.get(arguments.name)
        if archive is None:
            raise UsageError(f"There is no set {arguments.name}; there is {', '.join(ARCHIVES)}.")
        _check_free(folder)
        fetch(archive, folder)
        print(f"{archive.name} is in {folder}.")
        return 0
    return _sample(arguments, folder)


def _sample(arguments: argparse.Namespace, folder: Path) -> int:
    breeds = _number("--breeds", arguments.breeds, 2, _BREEDS)
    train = _number("--train", arguments.train, 1, _MOST_PICTURES)
    valid = _number("--valid", arguments.valid, 0, _MOST_PICTURES)
    test = _number("--test", arguments.test, 0, _MOST_PICTURES)
    seed = _number("--seed", arguments.seed, 0, 2**63)
    _check_free(folder)
    try:
        from kennel.vision.drawing import draw_dataset
    except ModuleNotFoundError as error:
        raise CommandError(
            f"Drawing needs the package {error.name}; install Kennel with its extra `ml`."
        ) from error
    started = time.monotonic()
    try:
        with Bar(sys.stderr) as bar:
            count = draw_dataset(
                folder,
                breeds=breeds,
                train=train,
                valid=valid,
                test=test,
                seed=seed,
                progress=lambda done, total: bar.show(done, total, "pictures"),
            )
    except OSError as error:
        raise CommandError(f"{folder} can't be written: {error.strerror}.") from error
    seconds = time.monotonic() - started
    print(f"{count:,} pictures of {breeds} breeds are in {folder} ({seconds:.1f} s).")
    return 0


def _number(option: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise UsageError(f"{option} must be a number from {least:,} to {most:,}, not {text!r}.")
    return int(text)


def _check_free(folder: Path) -> None:
    """Pictures among others would be a set that nobody meant."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder; name one that is missing or empty.")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; name a folder that is missing or empty.")
