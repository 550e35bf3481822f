"""The exceptions that become AWS error replies.

    AwsError                      anything that the wire answers with an AWS error
    ├── ClientError               the caller's fault, HTTP 4xx
    │   ├── NotImplementedByKennel  an operation of AWS's that Kennel refuses
    │   └── … each service's own, in its package's `errors` module
    └── ServerError               our fault, HTTP 5xx

A service raises its own subclasses, named as AWS names the error; `wire` encodes them for the
request's protocol in one place.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "AccessDeniedException",
    "AwsError",
    "ClientError",
    "InternalFailure",
    "NotImplementedByKennel",
    "ServerError",
    "ValidationException",
]


class AwsError(Exception):
    """An error with AWS's code, HTTP status and further members of the error's shape.

    `code` defaults to the class's name. Keyword arguments become members of the error body
    (`Resource`, `Reason`, `OriginalMessage`, …), `headers` go out as HTTP headers.
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 400

    def __init__(
        self, message: str, *, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.members = members
        self.headers = headers or {}

    def __init_subclass__(cls) -> None:
        if "code" not in cls.__dict__:
            cls.code = cls.__name__


class ClientError(AwsError):
    """The caller can mend this."""


class ServerError(AwsError):
    """The caller can't mend this."""

    status = 500


class ValidationException(ClientError):
    """A parameter is missing, malformed or out of range."""


class AccessDeniedException(ClientError):
    """The principal may not do this."""

    status = 403


class NotImplementedByKennel(ClientError):
    """An AWS operation that Kennel does not run; the message names it."""

    code = "NotImplemented"
    status = 501


class InternalFailure(ServerError):
    """A defect of Kennel's own; its log has the traceback."""
