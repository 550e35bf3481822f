"""The decoders of all protocols: a request is read, or refused with an error of its protocol."""

from __future__ import annotations

from kennel.errors import AwsError
from kennel.wire import UnknownOperation, decode, encode_error, identify, validate
from tests.fuzz.http_text import read_text
from tests.fuzz.target import Target, simple
from tests.fuzz.targets.requests import request_texts

__all__ = ["WIRE"]


def _check(data: bytes) -> None:
    request = read_text(data)
    try:
        target = identify(request)
    except UnknownOperation as error:
        assert isinstance(error.protocol, str)
        return
    try:
        parameters = decode(target, request)
        validate(target, parameters)
    except AwsError as error:
        assert error.status < 500, error
        encode_error(error, target.service, target.protocol, "id")


WIRE: Target = simple("wire", request_texts, _check)
