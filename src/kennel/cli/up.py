"""Starts the plane, in the foreground or detached, and says how to reach it."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from kennel.cli.errors import CommandError, UsageError
from kennel.plane_record import PlaneRecord
from kennel.settings import SETTINGS, Settings

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel up                               # in the foreground, until Ctrl-C
  kennel up --detach && eval "$(kennel env)"
  kennel up --state /tmp/other --port 0   # a second plane, on any free port
  kennel up --time-scale 60               # a minute of alarms and cooldowns in a second
  kennel up --time-scale 60 --launch-delay 240   # and instances that come after 4 minutes of it"""

LOG_NAME = "plane.log"
READY_SECONDS = 60.0
_STATE = next(setting for setting in SETTINGS if setting.name == "state")
_LOG_LINES = 12  # of a plane that did not start, shown to whoever started it


def configure(parser: argparse.ArgumentParser) -> None:
    for setting in SETTINGS:
        if setting.name != "state":
            parser.add_argument(
                setting.option,
                metavar=setting.metavar,
                help=f"{setting.help} (default: ${setting.variable}, else {setting.default})",
            )
    parser.add_argument(
        "--detach",
        action="store_true",
        help=f"leave the plane running in the background, its output in STATE/{LOG_NAME}",
    )
    # What --detach runs: a plane that nobody's Ctrl-C reaches and that has no reader of hints.
    parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    _prepare(settings.state)
    if arguments.detach:
        return _detach(settings, _hint(arguments, settings))
    return _serve(settings, None if arguments.background else _hint(arguments, settings))


def _hint(arguments: argparse.Namespace, settings: Settings) -> str:
    """The line that points a shell at the plane, whatever folder that shell is in."""
    from_variable = os.environ.get(_STATE.variable)
    if arguments.state or (from_variable and Path(from_variable).expanduser() != settings.state):
        return f'eval "$(kennel env --state {shlex.quote(str(settings.state))})"'
    return 'eval "$(kennel env)"'


def _settings(arguments: argparse.Namespace) -> Settings:
    try:
        return Settings.read(vars(arguments), os.environ)
    except ValueError as error:
        raise UsageError(f"{error}.") from None


def _prepare(state: Path) -> None:
    """Makes the state folder. Raises UsageError if it can't be used or another plane has it."""
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"The state folder {state} can't be made: {error.strerror}.") from None
    if not os.access(state, os.W_OK | os.X_OK):
        raise UsageError(f"The state folder {state} is not writable. Name another with --state.")
    record = PlaneRecord.read(state)
    if record is not None and record.is_alive():
        raise UsageError(
            f"A plane is already running on {state}, at {record.url} (pid {record.pid}). "
            "Stop it with `kennel down`, or name another folder with --state."
        )


def _serve(settings: Settings, hint: str | None) -> int:
    """Runs the plane until it is stopped. Without a hint nothing but the log is written."""
    from kennel.gateway import CannotStart, serve  # slower to import than --detach needs

    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # the plane says itself when it is up
    try:
        serve(settings, lambda url: _say_ready(settings, url, hint) if hint else None)
    except CannotStart as error:
        raise UsageError(str(error)) from error
    if hint:
        print(f"The plane on {settings.state} has stopped.")
    return 0


def _say_mode(settings: Settings) -> None:
    """What is less than AWS does is said at the start."""
    if settings.iam != "enforce":
        what = "are asked and recorded, but deny nothing"
        what = what if settings.iam == "observe" else "are not asked"
        print(f"IAM policies {what} (--iam={settings.iam}).")


def _say_limits() -> None:
    """What this machine can't hold processes to, or keep from them."""
    from kennel.engine import LocalEngine  # slower to import than what goes wrong before

    with LocalEngine() as engine:
        for limit in engine.capabilities.limits:
            print(f"Not on this machine: {limit}")


def _say_ready(settings: Settings, url: str, hint: str) -> None:
    state = settings.state
    print(f"The plane on {state} is ready at {url}; Ctrl-C stops it. In another shell:  {hint}")
    _say_mode(settings)
    _say_limits()
    sys.stdout.flush()


def _detach(settings: Settings, hint: str) -> int:
    log = settings.state / LOG_NAME
    with log.open("ab") as output:
        said_before = output.tell()
        process = subprocess.Popen(
            _foreground_command(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=settings.state,  # not the caller's folder, which must stay removable
            start_new_session=True,
        )
    record = _wait_until_ready(process, settings.state)
    if record is None:
        _give_up(process, log, said_before)
    print(f"The plane is ready at {record.url} (region {record.region}, pid {record.pid}).")
    print(f"Its state is in {settings.state}, its log in {log}.")
    _say_mode(settings)
    _say_limits()
    print(f"Point AWS clients at it with:  {hint}")
    return 0


def _foreground_command(settings: Settings) -> list[str]:
    command = [sys.executable, "-m", "kennel", "up", "--background"]
    for setting in SETTINGS:
        command += [setting.option, str(getattr(settings, setting.name))]
    return command


def _wait_until_ready(process: subprocess.Popen[bytes], state: Path) -> PlaneRecord | None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        record = PlaneRecord.read(state)
        if record is not None and record.pid == process.pid:
            return record
        time.sleep(0.01)
    return None


def _give_up(process: subprocess.Popen[bytes], log: Path, said_before: int) -> NoReturn:
    """Raises what the plane's own last words say."""
    late = process.poll() is None
    if late:
        process.send_signal(signal.SIGTERM)
    with log.open("rb") as lines:
        lines.seek(said_before)
        last = lines.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
    if not late and process.returncode == UsageError.exit_code and last:
        raise UsageError(last[-1].removeprefix("kennel: "))
    what = f"was not ready within {READY_SECONDS:.0f} s" if late else "stopped while it started"
    raise CommandError("\n".join([f"The plane {what}. The end of {log}:", *last]))
