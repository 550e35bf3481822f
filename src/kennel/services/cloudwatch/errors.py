"""The errors of CloudWatch. A class has the name of AWS's shape; its code is the one that the
query protocol always had and that clients compare with.

    ClientError
    ├── InvalidNextToken
    ├── InvalidParameterCombinationException
    ├── InvalidParameterValueException
    ├── MissingRequiredParameterException
    └── ValidationException                   of GetMetricData's queries
"""

from __future__ import annotations

from kennel.errors import ClientError
from kennel.errors import ValidationException as GeneralValidationException

__all__ = [
    "InvalidNextToken",
    "InvalidParameterCombinationException",
    "InvalidParameterValueException",
    "MissingRequiredParameterException",
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
    """A query of GetMetricData is not well-formed."""

    code = "ValidationError"
