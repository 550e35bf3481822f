"""What notebook instances print goes to CloudWatch Logs, as on AWS."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.identity import Principal
from kennel.services.sagemaker.notebook.boot import LOG_GROUP, Boot

if TYPE_CHECKING:
    from kennel.services.logs import LogShipper, Shipment
    from kennel.services.service import Parts

__all__ = ["BootLogs"]


class BootLogs:
    """Follows the log files of starts into `/aws/sagemaker/NotebookInstances`, streams
    `NAME/jupyter.log`, `NAME/LifecycleConfigOnCreate` and `NAME/LifecycleConfigOnStart`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._shipments: dict[Path, Shipment] = {}

    def follow(self, boot: Boot, principal: Principal) -> None:
        """Follows whatever of the start is not followed yet."""
        with self._lock:
            for stream, path in boot.logs.items():
                if path not in self._shipments:
                    self._shipments[path] = self._shipper.ship(
                        path,
                        group=LOG_GROUP,
                        stream=f"{boot.instance.name}/{stream}",
                        principal=principal,
                        region=boot.instance.region,
                    )

    def finish(self, boot: Boot) -> None:
        """Ships the rest of a start's logs, once its process has ended."""
        self.finish_in(boot.folder)

    def finish_in(self, folder: Path) -> None:
        """Ships the rest of every log that is followed below a folder."""
        with self._lock:
            ended = {path: s for path, s in self._shipments.items() if folder in path.parents}
            for path in ended:
                del self._shipments[path]
        for path, shipment in ended.items():
            shipment.drain()
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
