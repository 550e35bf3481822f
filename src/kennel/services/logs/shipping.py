"""Ships the log files of processes into log streams.

    shipper = dispatcher.service("logs").shipper
    shipment = shipper.ship(spec.log, group="/aws/sagemaker/TrainingJobs", stream=…, principal=…)
    …                       # lines appear in the stream within POLL_SECONDS or so
    shipment.drain()        # once the process has ended

After a crash of the plane, `ship` with the same file goes on where the store says it was. One
thread looks at all files; a few more write when several have something to say.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kennel.clock import Clock
from kennel.identity import Principal
from kennel.services.dispatch import Dispatcher
from kennel.services.logs import offsets
from kennel.services.logs.shipment import Destination, LineHandler, Shipment
from kennel.store import Database

__all__ = ["POLL_SECONDS", "LogShipper"]

POLL_SECONDS = 0.2
"""How often the files are looked at: 6 µs each."""
_WRITERS = 4
_PAUSE_SECONDS = 2.0  # after a write that failed, for instance on a full disk

log = logging.getLogger(__name__)


class LogShipper:
    """Follows log files. `start` before use, `stop` at the end."""

    def __init__(
        self, dispatcher: Dispatcher, database: Database, clock: Clock, folder: Path
    ) -> None:
        """`folder` is the state folder: files below it are known by their path in it, so that a
        state that is moved elsewhere goes on where it was."""
        self._dispatcher = dispatcher
        self._database = database
        self._clock = clock
        self._folder = folder
        self._shipments: dict[str, Shipment] = {}
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._writers: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Starts to look at files, and forgets those that are no more."""
        gone = [key for key in self._database.read(offsets.files) if not self._exists(key)]
        for key in gone:
            self._forget(key)
        self._closing.clear()
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="logs-writer")
        self._thread = threading.Thread(target=self._run, name="logs-shipper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops looking. What is not shipped yet is shipped by the next plane."""
        with self._changed:
            self._closing.set()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._writers is not None:
            self._writers.shutdown()
            self._writers = None

    def ship(
        self,
        path: Path,
        *,
        group: str,
        stream: str,
        principal: Principal,
        region: str = "",
        new: bool = False,
        on_lines: LineHandler | None = None,
    ) -> Shipment:
        """Follows a file, which need not be there yet, from what is acknowledged of it.

        Lines go to the group and stream as `principal`, who needs logs:PutLogEvents and, where
        they don't exist, logs:CreateLogGroup and logs:CreateLogStream. `new`: the file is to be
        written from its beginning, so what is known of an earlier one at the same path is
        forgotten. `region` is the plane's own by default. Raises ValueError for a file that is
        followed already.
        """
        key = self._key(path)
        with self._changed:
            self._refuse_second(path, key)
        if new:
            self._forget(key)
        shipment = Shipment(
            path,
            key,
            Destination(group, stream, principal, region),
            on_lines,
            dispatcher=self._dispatcher,
            database=self._database,
            clock=self._clock,
            release=self._release,
            closing=self._closing,
        )
        with self._changed:
            self._refuse_second(path, key)
            self._shipments[key] = shipment
            self._changed.notify_all()
        return shipment

    def forget(self, path: Path) -> None:
        """Drops what is known of a file that is deleted for good, and stops following it."""
        key = self._key(path)
        with self._changed:
            self._shipments.pop(key, None)
        self._forget(key)

    def _refuse_second(self, path: Path, key: str) -> None:
        if key in self._shipments:
            raise ValueError(f"the file {path} is shipped already; drain or close that first")

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._closing.is_set():
                    self._changed.wait(POLL_SECONDS if self._shipments else None)
                if self._closing.is_set():
                    return
                shipments = list(self._shipments.values())
            if not self._ship(shipments):
                self._closing.wait(_PAUSE_SECONDS)

    def _ship(self, shipments: list[Shipment]) -> bool:
        """Ships what has come; False if some could not be stored."""
        grown = [shipment for shipment in shipments if shipment.grown()]
        if len(grown) == 1 or self._writers is None:
            return all(map(_flush, grown))
        return all(list(self._writers.map(_flush, grown)))  # every one has its turn

    def _release(self, shipment: Shipment) -> None:
        with self._changed:
            if self._shipments.get(shipment.key) is shipment:
                del self._shipments[shipment.key]

    def _forget(self, key: str) -> None:
        self._database.write(lambda connection: offsets.forget(connection, key))

    def _key(self, path: Path) -> str:
        path = path.absolute()
        return str(path.relative_to(self._folder) if path.is_relative_to(self._folder) else path)

    def _exists(self, key: str) -> bool:
        return (self._folder / key).exists()


def _flush(shipment: Shipment) -> bool:
    try:
        shipment.flush()
    except Exception:  # the thread's boundary: the lines stay in the file and are tried again
        log.exception("%s: its lines could not be stored; trying again", shipment.path)
        return False
    return True
