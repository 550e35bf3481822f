"""The root logger of a function: one handler that writes lines as AWS's runtime does."""

from __future__ import annotations

import logging
import sys
import time

__all__ = ["FunctionLogHandler", "install"]

_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
_DATE_FORMAT = "%Y-%m-%dT%H:%M:%S"


class FunctionLogHandler(logging.Handler):
    """Writes to standard output; each line names the invocation that `request_id` is set to."""

    def __init__(self) -> None:
        super().__init__()
        self.request_id = ""
        formatter = logging.Formatter(_FORMAT, _DATE_FORMAT)
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        record.aws_request_id = self.request_id
        try:
            sys.stdout.write(self.format(record) + "\n")
        except Exception:  # logging's own convention: a bad message must not end the program
            self.handleError(record)


def install() -> FunctionLogHandler:
    """Adds the handler to the root logger, whose level stays WARNING as on AWS."""
    handler = FunctionLogHandler()
    logging.getLogger().addHandler(handler)
    return handler
