"""What calls are refused with, for tests that say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

__all__ = ["error_of", "refused"]


def error_of(call: Callable[..., Any], **parameters: Any) -> tuple[str, str, int]:
    """The code, the sentence and the HTTP status of the error that the call must end in."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return (
        response["Error"]["Code"],
        response["Error"]["Message"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """The code and the sentence alone."""
    code, message, _ = error_of(call, **parameters)
    return code, message
