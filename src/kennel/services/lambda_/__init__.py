"""AWS Lambda: functions from zip archives, run in processes that speak the Runtime API."""

from kennel.services.lambda_.invoker import (
    PAYLOAD_LIMIT,
    Invocation,
    Invoker,
    Reply,
    payload_too_large,
)
from kennel.services.lambda_.naming import function_arn, parse_name
from kennel.services.lambda_.service import Lambda

__all__ = [
    "PAYLOAD_LIMIT",
    "Invocation",
    "Invoker",
    "Lambda",
    "Reply",
    "function_arn",
    "parse_name",
    "payload_too_large",
]
