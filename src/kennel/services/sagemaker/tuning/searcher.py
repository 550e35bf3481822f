"""The plane's end of the search process: one JSON line to it, one back."""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kennel

__all__ = ["SearchFailed", "SearchLost", "Searcher"]

log = logging.getLogger(__name__)

_ANSWER_SECONDS = 120.0  # Optuna's import and a search among hundreds of trials, on a slow machine
_IDLE_SECONDS = 60.0  # then the process ends; it keeps nothing
_STOP_SECONDS = 5.0
_TRIES = 2


class SearchFailed(Exception):
    """The search process gave no point; the message says why. Asked again, it would say the
    same."""


class SearchLost(SearchFailed):
    """The process died or fell silent, twice; another one may do better later."""


class Searcher:
    """Asks `python -m kennel.runtimes.tuner`, which it starts when it is needed.

    The process is a plain child without state: a request holds all that it needs, so one that
    died is started anew and asked again. It ends with the plane, because its input does.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` gets the process's log; it is made if needed."""
        self._folder = folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: threading.Timer | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process's pid while there is one."""
        process = self._process
        return None if process is None else process.pid

    def propose(self, request: Mapping[str, Any]) -> dict[str, str]:
        """The next point (kennel.runtimes.tuner says what is in a request). Raises SearchFailed,
        SearchLost if it is the process that failed."""
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            if self._closed:
                raise SearchLost("the plane stops")
            self._rest(None)
            try:
                answer = self._asked(line)
            finally:
                self._rest(_IDLE_SECONDS)
        if "error" in answer:
            raise SearchFailed(f"The search for hyperparameters failed: {answer['error']}")
        parameters: dict[str, str] = answer["parameters"]
        return parameters

    def close(self) -> None:
        """Ends the process for good."""
        with self._lock:
            self._closed = True
            self._rest(None)
            self._end()

    def _asked(self, line: bytes) -> dict[str, Any]:
        for attempt in range(1, _TRIES + 1):
            try:
                return self._ask(line)
            except (OSError, ValueError) as error:
                self._end()
                log.warning("the search process failed: %s", error)
                if attempt == _TRIES:
                    raise SearchLost(
                        f"The search process gives no answer ({error}); "
                        f"{self._folder / 'tuner.log'} has what it said."
                    ) from error
        raise AssertionError("unreachable")

    def _ask(self, line: bytes) -> dict[str, Any]:
        """Raises OSError or ValueError if the process is not up to it."""
        process = self._started()
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._read_line(process))
        return answer

    def _read_line(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        deadline = time.monotonic() + _ANSWER_SECONDS
        read = b""
        while not read.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise TimeoutError(f"nothing came in {_ANSWER_SECONDS:.0f} s")
            part = os.read(descriptor, 65_536)
            if not part:
                raise ValueError(f"it ended with status {process.wait()}")
            read += part
        return read

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        self._folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(Path(kennel.__file__).resolve().parent.parent),
            "OMP_NUM_THREADS": "1",  # it shares the machine with the trials
            "OPENBLAS_NUM_THREADS": "1",
        }
        with (self._folder / "tuner.log").open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kennel.runtimes.tuner"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd=self._folder,
                env=environment,
                start_new_session=True,
            )
        return self._process

    def _rest(self, seconds: float | None) -> None:
        """With the lock held: ends the process after so long without a request; None: does not."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if seconds is not None and self._process is not None:
            timer = threading.Timer(seconds, self._end_idle)
            timer.daemon = True
            self._idle = timer
            timer.start()

    def _end_idle(self) -> None:
        with self._lock:
            # A request that came first has set another timer, or none.
            if self._idle is threading.current_thread():
                self._idle = None
                self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.close()
        except OSError:
            pass  # it is gone, with what was written to it
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
