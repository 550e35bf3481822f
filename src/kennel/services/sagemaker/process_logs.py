"""What the processes of a resource print goes to CloudWatch Logs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.identity import Principal

if TYPE_CHECKING:
    from kennel.services.logs import LogShipper, Shipment
    from kennel.services.service import Parts

__all__ = ["ProcessLogs"]


class ProcessLogs:
    """Follows log files, each into a stream of its own."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._shipments: dict[Path, Shipment] = {}

    def follow(
        self, group: str, streams: Mapping[Path, str], principal: Principal, region: str = ""
    ) -> None:
        """Follows those of the files that are not followed yet; `streams` says where each goes."""
        with self._lock:
            for path, stream in streams.items():
                if path not in self._shipments:
                    self._shipments[path] = self._shipper.ship(
                        path, group=group, stream=stream, principal=principal, region=region
                    )

    def finish(self, folder: Path, others: Iterable[Path] = ()) -> None:
        """Ships the rest of every log below a folder, whose processes have ended. `others`: log
        files that may have been followed by an earlier plane."""
        with self._lock:
            ended = {path: s for path, s in self._shipments.items() if folder in path.parents}
            for path in ended:
                del self._shipments[path]
        for shipment in ended.values():
            shipment.drain()
        for path in {*ended, *others}:
            self._shipper.forget(path)

    def stop(self) -> None:
        """Ships what is there when the plane stops."""
        with self._lock:
            shipments, self._shipments = list(self._shipments.values()), {}
        for shipment in shipments:
            shipment.drain()

    @property
    def _shipper(self) -> LogShipper:
        service = self._parts.dispatcher.service("logs")
        assert service is not None
        shipper: LogShipper = service.shipper  # type: ignore[attr-defined]
        return shipper
