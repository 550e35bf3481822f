"""Parameters out of requests, replies out of results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import ParseError

import msgspec

from kennel.errors import ClientError
from kennel.wire.bounds import MOST_PARAMETERS, check_json_depth, check_xml
from kennel.wire.cbor import decode_cbor, encode_cbor
from kennel.wire.identify import Target
from kennel.wire.models import operation_model
from kennel.wire.request import HttpRequest, HttpResponse
from kennel.wire.validation import ValidationError
from kennel.wire.xml_text import readable

__all__ = ["MalformedXML", "SerializationException", "decode", "encode"]

_NO_CONTENT = 204  # such a reply has no body, and what sent one would be cut off
_CONTENT_TYPES = {
    "query": "text/xml",
    "ec2": "text/xml;charset=UTF-8",
    "rest-xml": "application/xml",
    "rest-json": "application/json",
    "smithy-rpc-v2-cbor": "application/cbor",
}


class SerializationException(ClientError):
    """The body is not what the protocol says it should be."""


class MalformedXML(ClientError):
    """The body is not well-formed XML, or not of the operation's schema."""


def decode(target: Target, request: HttpRequest) -> dict[str, Any]:
    """The operation's parameters by their names in botocore's model.

    Timestamps come as aware datetimes, blobs as bytes. Raises SerializationException;
    ValidationError for a query, MalformedXML for a REST-XML body.
    """
    from kennel.wire.moto_codec import RequestParserError, parse_request

    operation = operation_model(target.service, target.operation)
    body = request.content if operation.request_compression else request.body
    try:
        if target.protocol == "smithy-rpc-v2-cbor":
            return decode_cbor(operation.input_shape, body)
        if target.protocol in ("json", "rest-json"):
            _check_json(operation, body)
        values = list(request.query_pairs)
        if target.protocol in ("query", "ec2"):
            values += parse_qsl(
                body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS
            )
        if target.protocol == "rest-xml":
            check_xml(body)
        parsed = parse_request(
            operation,
            target.protocol,
            method=request.method,
            path=request.path,
            path_parameters=target.path_parameters,
            values=values,
            headers=request.headers,
            body=body,
        )
    except ParseError as error:
        raise MalformedXML("The XML you provided was not well-formed") from error
    except (
        RequestParserError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        OSError,  # a timestamp that the machine's clock can't show
        RuntimeError,  # the same, when botocore tries it in every time zone
    ) as error:
        if target.protocol == "rest-xml":
            raise MalformedXML(
                "The XML you provided was not well-formed or did not validate "
                "against our published schema"
            ) from error
        kind = ValidationError if target.protocol in ("query", "ec2") else SerializationException
        raise kind(f"The request can't be read: {error}") from error
    return {name: _aware(value) for name, value in parsed.items() if value is not None}


def _check_json(operation: Any, body: bytes) -> None:
    """moto's parser takes whatever is not JSON for an empty object; AWS does not."""
    shape = operation.input_shape
    payload = None if shape is None else shape.serialization.get("payload")
    if not body or (payload and shape.members[payload].type_name in ("blob", "string")):
        return
    check_json_depth(body)
    if not isinstance(msgspec.json.decode(body), dict):
        raise ValueError("the body is not a JSON object")


def _aware(value: Any) -> Any:
    """moto's parsers give naive datetimes in UTC; ours all carry their zone."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if isinstance(value, dict):
        return {key: _aware(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_aware(item) for item in value]
    return value


def encode(target: Target, result: Mapping[str, Any], request_id: str) -> HttpResponse:
    """The reply to a successful call, without a streaming body.

    `result` holds the output's members; timestamps as seconds since the epoch or datetimes. The
    extra key `_status` overrides the model's HTTP status.
    """
    from kennel.wire.moto_codec import serialize_result

    operation = operation_model(target.service, target.operation)
    status = int(result.get("_status", 0))
    if target.protocol == "smithy-rpc-v2-cbor":
        body = encode_cbor(operation.output_shape, result)
        headers = {"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
        return HttpResponse(status or 200, headers, body)
    model_status, headers, content = serialize_result(
        operation, target.protocol, result, request_id
    )
    status = status or model_status
    if status == _NO_CONTENT:
        headers.pop("Content-Type", None)
        return HttpResponse(status, headers)
    if content and not (operation.has_streaming_output and "Content-Type" in headers):
        headers["Content-Type"] = content_type(target)
    if isinstance(content, str) and _is_document(operation, target.protocol):
        content = readable(content)
    return HttpResponse(
        status,
        headers,
        content.encode() if isinstance(content, str) else bytes(content),
    )


def _is_document(operation: Any, protocol: str) -> bool:
    """Whether the reply's body is XML; a bucket's policy, for one, goes out as it is."""
    if protocol not in ("query", "ec2", "rest-xml"):
        return False
    shape = operation.output_shape
    payload = None if shape is None else shape.serialization.get("payload")
    return payload is None or shape.members[payload].type_name not in ("blob", "string")


def content_type(target: Target) -> str:
    """The Content-Type of the protocol's replies."""
    if target.protocol == "json":
        version = operation_model(target.service, target.operation).service_model.metadata.get(
            "jsonVersion", "1.0"
        )
        return f"application/x-amz-json-{version}"
    return _CONTENT_TYPES[target.protocol]
