"""What endpoint processes print goes to CloudWatch Logs, one stream an instance."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.identity import Principal
from kennel.services.sagemaker.hosting.model_server import ModelServer

if TYPE_CHECKING:
    from kennel.services.logs import LogShipper, Shipment
    from kennel.services.service import Parts

__all__ = ["InstanceLogs"]


class InstanceLogs:
    """Follows the logs of model servers into `/aws/sagemaker/Endpoints/NAME`, stream
    `VARIANT/INSTANCE`; what is printed while the model loads goes to `VARIANT/model-server`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._shipments: dict[Path, Shipment] = {}

    def follow(self, endpoint: str, server: ModelServer, principal: Principal) -> None:
        """Follows whatever of the server is not followed yet."""
        variant = server.variant.name
        wanted = {server.folder / "zygote" / "log": f"{variant}/model-server"}
        for instance in server.instances:
            wanted[instance.folder / "log"] = f"{variant}/{instance.name}"
        with self._lock:
            for path, stream in wanted.items():
                if path not in self._shipments:
                    self._shipments[path] = self._shipper.ship(
                        path,
                        group=f"/aws/sagemaker/Endpoints/{endpoint}",
                        stream=stream,
                        principal=principal,
                    )

    def finish(self, folder: Path) -> None:
        """Ships the rest of every log below a folder, whose processes have ended."""
        with self._lock:
            ended = {path: s for path, s in self._shipments.items() if folder in path.parents}
            for path in ended:
                del self._shipments[path]
        for path, shipment in ended.items():
            shipment.drain()
            self._shipper.forget(path)
        for path in folder.glob("**/log"):
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
