"""Why a request's signature is not accepted, before that has a service's own error code."""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["AuthenticationError", "Failure"]


class Failure(Enum):
    """What is wrong with how a request proves who sends it."""

    UNSIGNED = auto()
    TWO_WAYS = auto()
    UNSUPPORTED = auto()
    INCOMPLETE = auto()
    BAD_QUERY = auto()
    BAD_SCOPE = auto()
    UNKNOWN_KEY = auto()
    BAD_TOKEN = auto()
    EXPIRED_TOKEN = auto()
    SKEWED = auto()
    NOT_YET_VALID = auto()
    EXPIRED = auto()
    UNSIGNED_HEADERS = auto()
    MISMATCH = auto()
    NO_PAYLOAD_HASH = auto()
    PAYLOAD_MISMATCH = auto()


class AuthenticationError(Exception):
    """A request that is refused before anybody looks at what it asks for.

    `detail` is the sentence for services that word it freely; `facts` become members of S3's
    error body. `kennel.auth.errors.as_aws_error` gives the error of a service.
    """

    def __init__(self, failure: Failure, detail: str = "", **facts: str) -> None:
        super().__init__(detail or failure.name)
        self.failure = failure
        self.detail = detail
        self.facts = facts
