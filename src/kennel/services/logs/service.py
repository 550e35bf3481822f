"""CloudWatch Logs."""

from __future__ import annotations

from kennel.services.logs.authorization import AuthorizationAnswers
from kennel.services.logs.event_operations import EventOperations
from kennel.services.logs.group_operations import GroupOperations
from kennel.services.logs.shipping import LogShipper
from kennel.services.logs.stream_operations import StreamOperations
from kennel.services.logs.tag_operations import TagOperations
from kennel.services.service import Parts

__all__ = ["Logs"]


class Logs(GroupOperations, StreamOperations, EventOperations, TagOperations, AuthorizationAnswers):
    """Groups, streams and events. `shipper` brings the log files of processes into streams."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.shipper = LogShipper(parts.dispatcher, self._database, parts.clock, parts.folder)

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._database.start()
        self.shipper.start()
        self._sweeper.start()

    def stop(self) -> None:
        self.shipper.stop()
        self._sweeper.stop()
        self._database.stop()
