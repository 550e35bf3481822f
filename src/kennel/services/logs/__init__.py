"""CloudWatch Logs: groups, streams, events, and the shipping of log files into them."""

from kennel.services.logs.service import Logs
from kennel.services.logs.shipment import LineHandler, LogLine, Shipment
from kennel.services.logs.shipping import LogShipper

__all__ = ["LineHandler", "LogLine", "LogShipper", "Logs", "Shipment"]
