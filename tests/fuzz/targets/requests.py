"""A valid request for every operation, as text: with its required members, and with all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from kennel.wire import service_model
from kennel.wire.models import operation_model
from tests.error_codes import SERVICES
from tests.fuzz.http_text import text_of
from tests.wire.requests import minimal_parameters, request_for

__all__ = ["PROTOCOLS", "operations", "request_texts"]

PROTOCOLS = {
    "application-autoscaling": ("json",),
    "cloudwatch": ("query", "json", "smithy-rpc-v2-cbor"),
    "iam": ("query",),
    "lambda": ("rest-json",),
    "logs": ("json",),
    "s3": ("rest-xml",),
    "sagemaker": ("json",),
    "sagemaker-runtime": ("rest-json",),
    "sts": ("query",),
}
"""The protocols in which each service is spoken to; a test holds the services to the plane's."""

_ACCOUNT = "000000000000"
_VALUES = {
    "AccountId": _ACCOUNT,
    "Bucket": "fuzz-bucket",
    "CopySource": "fuzz-bucket/key",
    "Delimiter": "/",
    "EncodingType": "url",
    "FunctionName": "fuzz-function",
    "Handler": "main.handler",
    "Image": f"{_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/fuzz:1",
    "Key": "a/key",
    "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "Role": f"arn:aws:iam::{_ACCOUNT}:role/fuzz-role",
    "RoleArn": f"arn:aws:iam::{_ACCOUNT}:role/fuzz-role",
    "RoleName": "fuzz-role",
    "RoleSessionName": "fuzz",
    "UserName": "fuzz-user",
    "logGroupName": "/fuzz/group",
    "logStreamName": "fuzz-stream",
}
_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",'
    '"Resource":"arn:aws:s3:::fuzz-bucket/*","Condition":{"StringLike":{"s3:prefix":"a*"}}}]}'
)
_DEPTH = 4


@cache
def request_texts(services: Sequence[str] = SERVICES, full: bool = True) -> tuple[bytes, ...]:
    """For every operation and protocol of these services."""
    texts = []
    for service in services:
        for protocol in PROTOCOLS[service]:
            for operation in operations(service):
                shape = operation_model(service, operation).input_shape
                wanted = [minimal_parameters(shape)]
                if full and shape is not None:
                    wanted.append(_value(shape, "", 0))
                for parameters in wanted:
                    try:
                        request = request_for(service, operation, protocol, _named(parameters))
                    except (KeyError, TypeError, ValueError):
                        continue  # a shape that botocore's serializer wants to be a file
                    texts.append(text_of(request))
    return tuple(dict.fromkeys(texts))


def operations(service: str) -> Sequence[str]:
    """All operations of a service."""
    return [str(name) for name in service_model(service).operation_names]


def _named(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: _VALUES.get(name, value) for name, value in parameters.items()}


def _value(shape: Any, name: str, depth: int) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return {
            member: _value(inner, member, depth + 1)
            for member, inner in shape.members.items()
            if depth < _DEPTH or member in shape.required_members
            if depth < 2 * _DEPTH
        }
    if kind == "list":
        return [_value(shape.member, name, depth + 1)] if depth < 2 * _DEPTH else []
    if kind == "map":
        return {_value(shape.key, name, depth + 1): _value(shape.value, name, depth + 1)}
    if kind in ("integer", "long"):
        return int(shape.metadata.get("min", 1))
    if kind in ("float", "double"):
        return float(shape.metadata.get("min", 1.5))
    if kind == "string":
        return _string(shape, name)
    return {"boolean": True, "timestamp": 1_700_000_000, "blob": b"bytes"}[kind]


def _string(shape: Any, name: str) -> str:
    if getattr(shape, "enum", None):
        return str(shape.enum[0])
    if name in _VALUES:
        return _VALUES[name]
    if ("Policy" in name and "Document" in name) or name == "Policy":
        return _POLICY
    if name.endswith(("Uri", "S3OutputPath", "ModelDataUrl")):
        return "s3://fuzz-bucket/place"
    if name.endswith(("Arn", "ARN")):
        return f"arn:aws:sagemaker:us-east-1:{_ACCOUNT}:endpoint/x"
    return "x" * max(1, int(shape.metadata.get("min", 1)))
