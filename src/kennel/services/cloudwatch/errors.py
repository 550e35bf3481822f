"""The errors of CloudWatch. A class has the name of AWS's shape; its code is the one that the
query protocol always had and that clients compare with.

    ClientError
    ├── InvalidFormatFault                    of SetAlarmState's data
    ├── InvalidNextToken
    ├── InvalidParameterCombinationException
    ├── InvalidParameterValueException
    ├── LimitExceededFault
    ├── MissingRequiredParameterException
    ├── ResourceNotFound                      an alarm, by its name
    ├── ResourceNotFoundException             an alarm, by its ARN
    └── ValidationException                   of GetMetricData's queries and of alarms
"""

from __future__ import annotations

from kennel.errors import ClientError
from kennel.errors import ValidationException as GeneralValidationException

__all__ = [
    "InvalidFormatFault",
    "InvalidNextToken",
    "InvalidParameterCombinationException",
    "InvalidParameterValueException",
    "LimitExceededFault",
    "MissingRequiredParameterException",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ValidationException",
]


class InvalidParameterValueException(ClientError):
    """A value is malformed or out of range."""

    code = "InvalidParameterValue"


class InvalidParameterCombinationException(ClientError):
    """Parameters do not go together, or ask for too much together."""

    code = "InvalidParameterCombination"


class MissingRequiredParameterException(ClientError):
    """A parameter is missing that this call needs."""

    code = "MissingParameter"


class InvalidNextToken(ClientError):
    """The token is none that a call like this returned."""


class ValidationException(GeneralValidationException):
    """A query or an alarm is not well-formed."""

    code = "ValidationError"


class InvalidFormatFault(ClientError):
    """Data is not JSON."""

    code = "InvalidFormat"


class LimitExceededFault(ClientError):
    """There are as many as there may be."""

    code = "LimitExceeded"


class ResourceNotFound(ClientError):
    """There is no alarm of that name."""

    status = 404


class ResourceNotFoundException(ClientError):
    """There is no alarm of that ARN."""

    status = 404
