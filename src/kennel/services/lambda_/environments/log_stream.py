"""Where an environment's log goes: one stream, whatever number of processes write to it."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.execution_role import principal_of

if TYPE_CHECKING:
    from kennel.services.logs import LogShipper, Shipment
    from kennel.services.service import Parts

__all__ = ["LogStream", "follow", "forget", "new_stream"]

_FILE = "environment.json"


class LogStream(msgspec.Struct, frozen=True):
    """A stream, and the role that writes to it. A later plane reads it from the environment's
    folder, to ship the rest of the log after its writer."""

    group: str
    stream: str
    role: str
    function: str
    region: str

    def save(self, folder: Path) -> None:
        (folder / _FILE).write_bytes(msgspec.json.encode(self))

    @classmethod
    def load(cls, folder: Path) -> LogStream:
        """Raises OSError and msgspec.DecodeError."""
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=cls)


def new_stream(deployment: Deployment) -> LogStream:
    """A stream with a name as AWS makes them: `YYYY/MM/DD/[VERSION]<32 hex digits>`."""
    day = time.strftime("%Y/%m/%d", time.gmtime())
    name = f"{day}/[{deployment.version}]{secrets.token_hex(16)}"
    return LogStream(
        deployment.log_group, name, deployment.role, deployment.function, deployment.region
    )


def follow(parts: Parts, stream: LogStream, path: Path) -> Shipment:
    """Ships a log file into the stream. Raises RoleNotPassable."""
    return _shipper(parts).ship(
        path,
        group=stream.group,
        stream=stream.stream,
        principal=principal_of(parts, stream.role, stream.function),
        region=stream.region,
    )


def forget(parts: Parts, path: Path) -> None:
    """Drops what is known of a log file that will be deleted."""
    _shipper(parts).forget(path)


def _shipper(parts: Parts) -> LogShipper:
    service = parts.dispatcher.service("logs")
    assert service is not None
    shipper: LogShipper = service.shipper  # type: ignore[attr-defined]
    return shipper
