"""Tunes, trains and deploys a dog classifier, and asks it about a photo by its link."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.cli.connection import Connection, aws_errors, connect, state_folder
from kennel.cli.errors import CommandError, UsageError
from kennel.plane_record import PlaneRecord

if TYPE_CHECKING:
    from kennel.demo.dataset import DataSet
    from kennel.demo.report import Report
    from kennel.demo.screen import Screen

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel demo                             # on pictures that it draws
  kennel demo --data ~/dogImages          # on your own photos
  kennel demo --keep                      # leave endpoint and function to play with
  kennel demo --json report.json"""

OUTPUT = Path("demo-output")
MOST_TRIALS = 100


@dataclass(frozen=True, slots=True)
class _Plane:
    """The plane that is used. `state` is its folder; `is_ours` if the demo started it."""

    connection: Connection
    state: Path
    is_ours: bool


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Runs the main job from beginning to end by boto3 alone: photos to S3, a tuning job over "
        "learning rate and batch size, a training job with the best values, an endpoint, and a "
        "function that passes a photo's link to it. Uses the plane that runs on the state folder; "
        f"if none does, starts one on the folder that --state gives, else on {OUTPUT}/state, and "
        "stops it at the end."
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="photos as train/, valid/ and test/NNN.breed/*.jpg (default: draws a set)",
    )
    parser.add_argument(
        "--trials", metavar="N", default="6", help="trials of the tuning job (default: 6)"
    )
    parser.add_argument("--json", metavar="FILE", help="also write the report for programs")
    parser.add_argument(
        "--output",
        metavar="DIR",
        help=f"folder for plots, drawn pictures and a plane of its own (default: {OUTPUT})",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="leave the endpoint, the function and a plane of its own running",
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        from kennel.demo.flow import Flow, Order
        from kennel.demo.report import summary_table
        from kennel.demo.screen import Screen
    except ModuleNotFoundError as error:
        raise CommandError(
            f"The demo needs the package {error.name}; install Kennel with its extras `ml` and "
            "`demo`, as `make install` does."
        ) from None
    trials = _trials(arguments.trials)
    output = Path(arguments.output or OUTPUT).expanduser().absolute()
    report_file = _report_file(arguments.json)
    _make_folder(output)
    screen = Screen()
    data = _data(arguments.data, output, screen)
    with _plane(arguments, output, screen) as plane:
        order = Order(
            data=data,
            folder=output,
            trials=trials,
            is_real=arguments.data is not None,
            keep=arguments.keep,
        )
        with aws_errors():
            report = Flow(plane.connection, order, screen).run()
        if report_file is not None:
            report.write(report_file)
        screen.say()
        screen.show(summary_table(report))
        _say_how_to_go_on(screen, plane, report, arguments.keep)
    return 0


def _trials(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_TRIALS:
        raise UsageError(f"--trials must be a number from 1 to {MOST_TRIALS}, not {text!r}.")
    return int(text)


def _report_file(text: str | None) -> Path | None:
    """Checked before the work, not after it."""
    if text is None:
        return None
    path = Path(text).expanduser().absolute()
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(
            f"The report can't be written to {path}: name a file in a folder there is."
        )
    return path


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"The folder {folder} can't be made: {error.strerror}.") from None


@contextmanager
def _plane(arguments: argparse.Namespace, output: Path, screen: Screen) -> Iterator[_Plane]:
    """The plane on the state folder, or one that runs as long as this does."""
    state = state_folder(arguments)
    if not _runs_on(state):
        if arguments.state is None:
            state = output / "state"
        if not _runs_on(state):
            with _own_plane(state, arguments.keep, screen) as plane:
                yield plane
            return
    plane = _Plane(connect(state), state, False)
    screen.say(f"Using the plane on {state}, at {plane.connection.url}.")
    yield plane


@contextmanager
def _own_plane(state: Path, keep: bool, screen: Screen) -> Iterator[_Plane]:
    _kennel("up", "--detach", "--port", "0", "--state", str(state))
    try:
        connection = connect(state)
        screen.say(f"Started a plane on {state}, at {connection.url}.")
        yield _Plane(connection, state, True)
    except BaseException:
        keep = False
        raise
    finally:
        if not keep:
            _kennel("down", "--state", str(state))
            screen.say(f"Stopped the plane; what it stored stays in {state}.")


def _runs_on(state: Path) -> bool:
    record = PlaneRecord.read(state)
    return record is not None and record.is_alive()


def _kennel(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kennel", *words], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CommandError(done.stderr.strip().removeprefix("kennel: "))


def _say_how_to_go_on(screen: Screen, plane: _Plane, report: Report, keep: bool) -> None:
    option = f" --state {shlex.quote(str(plane.state))}"
    lines = []
    if not keep:
        lines += ["The endpoint and the function are deleted; `kennel demo --keep` leaves them."]
    lines += ["", "How to go on:"]
    if plane.is_ours and not keep:
        lines += [f"  kennel up --detach{option}"]
    lines += [f'  eval "$(kennel env{option})"']
    lines += [f"  kennel logs{option} training-job/{report.training_job}"]
    lines += [
        "  aws sagemaker list-training-jobs-for-hyper-parameter-tuning-job "
        f"--hyper-parameter-tuning-job-name {report.run}"
    ]
    if keep:
        lines += [f"  kennel ps{option}"]
        lines += [f"  aws lambda invoke --function-name {report.function} ... (docs/by-hand.md)"]
        lines += [f"  aws lambda delete-function --function-name {report.function}"]
        lines += [f"  aws sagemaker delete-endpoint --endpoint-name {report.endpoint}"]
        if plane.is_ours:
            lines += [f"  kennel down{option}"]
    for line in lines:
        screen.say(line)


def _data(named: str | None, output: Path, screen: Screen) -> DataSet:
    from kennel.demo import dataset

    if named is not None:
        return dataset.read(Path(named).expanduser())
    from kennel.demo import drawn

    return dataset.read(drawn.draw(output / "pictures", screen))
