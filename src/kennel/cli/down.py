"""Stops the plane and waits until it has stopped."""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from pathlib import Path

from kennel.cli.connection import connect, state_folder
from kennel.cli.errors import CommandError, UsageError
from kennel.plane_record import PlaneRecord

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel down
  kennel down --state /tmp/other"""

STOP_SECONDS = 60.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Stops the plane and waits until it has stopped. What is stored stays; the next "
        "`kennel up` carries on with it. Endpoints and functions stop with the plane; training "
        "jobs go on, and the next plane takes them up. Stopping a plane that does not run is no "
        "error."
    )


def run(arguments: argparse.Namespace) -> int:
    state = state_folder(arguments)
    record = PlaneRecord.read(state)
    if record is None or not record.is_alive():
        print(f"No plane is running on {state}.")
        return 0
    jobs = _jobs_in_progress(state)
    try:
        os.kill(record.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # it stopped by itself since we looked
    except PermissionError:
        raise CommandError(
            f"The plane on {state} (pid {record.pid}) belongs to another user, who must stop it."
        ) from None
    deadline = time.monotonic() + STOP_SECONDS
    while record.is_alive():
        if time.monotonic() > deadline:
            raise CommandError(
                f"The plane on {state} (pid {record.pid}) has not stopped within "
                f"{STOP_SECONDS:.0f} s. Its log says why: {state / 'plane.log'}."
            )
        time.sleep(0.02)
    print(f"The plane on {state} has stopped.")
    if jobs:
        print(
            f"Still running: {', '.join(jobs)}. The next `kennel up` takes them up where they "
            "are by then."
        )
    return 0


def _jobs_in_progress(state: Path) -> list[str]:
    """The training jobs that go on without the plane; none if it can't say."""
    try:
        status, body = connect(state).get("/_kennel/status")
        return list(json.loads(body)["training_jobs_in_progress"]) if status == 200 else []
    except (CommandError, UsageError, ValueError, KeyError):
        return []
