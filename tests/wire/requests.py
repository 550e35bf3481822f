"""Requests as botocore's own serializers write them, for any operation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.serialize import create_serializer

from kennel.wire import HttpRequest, service_model
from kennel.wire.identify import signing_name

_STRINGS = {"Bucket": "a-bucket", "Key": "a/key", "EncodingType": "url"}


def minimal_parameters(shape: Any) -> dict[str, Any]:
    """The required members of an input shape, each with some value that fits."""
    if shape is None:
        return {}
    return {name: value(shape.members[name], name) for name in shape.required_members}


def value(shape: Any, name: str, depth: int = 0) -> Any:
    match shape.type_name:
        case "structure":
            if depth > 4:
                return {}
            return {
                member: value(shape.members[member], member, depth + 1)
                for member in shape.required_members
            }
        case "list":
            return [value(shape.member, name, depth + 1)]
        case "map":
            return {value(shape.key, name, depth + 1): value(shape.value, name, depth + 1)}
        case "integer" | "long":
            return int(shape.metadata.get("min", 1))
        case "float" | "double":
            return 1.5
        case "boolean":
            return True
        case "timestamp":
            return 1_700_000_000
        case "blob":
            return b"bytes"
    if getattr(shape, "enum", None):
        return shape.enum[0]
    return _STRINGS.get(name, "x" * max(1, shape.metadata.get("min", 1)))


def request_for(service: str, operation: str, protocol: str, parameters: Any) -> HttpRequest:
    """The request that a client sends, without its signature (but with the scope of one)."""
    model = service_model(service).operation_model(operation)
    serialized = create_serializer(protocol, include_validation=False).serialize_to_request(
        parameters, model
    )
    url = urlsplit(serialized["url_path"])
    body = serialized["body"]
    query = url.query
    if serialized["query_string"]:
        pairs = serialized["query_string"]
        more = pairs if isinstance(pairs, str) else urlencode(pairs, doseq=True)
        query = f"{query}&{more}" if query else more
    if isinstance(body, dict):
        body = urlencode(body).encode()
    elif isinstance(body, str):
        body = body.encode()
    headers = {name.lower(): str(header) for name, header in serialized["headers"].items()}
    headers["authorization"] = (
        "AWS4-HMAC-SHA256 "
        f"Credential=AKIA/20261122/us-east-1/{signing_name(service)}/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    return HttpRequest(serialized["method"], url.path, query, headers, body or b"")
