"""AwsErrors as each protocol's error replies."""

from __future__ import annotations

import json
from typing import Any

from kennel.errors import AwsError, ServerError
from kennel.wire.models import known_service, service_model
from kennel.wire.request import HttpResponse
from kennel.wire.xml_text import as_element_text

__all__ = ["encode_error"]


def encode_error(
    error: AwsError, service: str, protocol: str, request_id: str, *, head: bool = False
) -> HttpResponse:
    """The error reply. `head`: the request was a HEAD, whose reply has no body."""
    shape = _error_shape(service, error)
    status = error.status
    if shape is not None and "httpStatusCode" in shape.metadata.get("error", {}):
        status = shape.metadata["error"]["httpStatusCode"]
    if protocol in ("json", "rest-json", "smithy-rpc-v2-cbor"):
        response = _json_error(error, shape, service, protocol)
    else:
        response = _xml_error(error, protocol, request_id)
    response.status = status
    response.headers.update(error.headers)
    if head or status == 304:
        response.body = b""
    return response


def _error_shape(service: str, error: AwsError) -> Any:
    if not known_service(service):
        return None
    shapes = service_model(service)._shape_resolver
    for name in (type(error).__name__, error.code):
        if name in service_model(service).shape_names:
            shape = shapes.get_shape_by_name(name)
            if shape.metadata.get("exception"):
                return shape
    return None


def _json_error(error: AwsError, shape: Any, service: str, protocol: str) -> HttpResponse:
    members = getattr(shape, "members", {})
    message_name = "Message" if "Message" in members and "message" not in members else "message"
    fields = {"__type": error.code, message_name: error.message}
    headers = {"x-amzn-ErrorType": error.code}
    for name, value in error.members.items():
        place = members[name].serialization if name in members else {}
        if place.get("location") == "header":
            headers[place["name"]] = str(value)
        else:
            fields[name] = value
    if known_service(service) and "awsQueryCompatible" in service_model(service).metadata:
        fault = "Receiver" if isinstance(error, ServerError) else "Sender"
        headers["x-amzn-query-error"] = f"{error.code};{fault}"
    if protocol == "smithy-rpc-v2-cbor":
        import cbor2

        headers |= {"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
        return HttpResponse(error.status, headers, cbor2.dumps(fields))
    kind = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
    headers["Content-Type"] = kind
    return HttpResponse(error.status, headers, json.dumps(fields, default=str).encode())


def _xml_error(error: AwsError, protocol: str, request_id: str) -> HttpResponse:
    details = "".join(
        f"<{name}>{as_element_text(str(value))}</{name}>" for name, value in error.members.items()
    )
    code, message = as_element_text(error.code), as_element_text(error.message)
    core = f"<Code>{code}</Code><Message>{message}</Message>{details}"
    if protocol == "rest-xml":
        body = f"<Error>{core}<RequestId>{request_id}</RequestId><HostId>kennel</HostId></Error>"
    elif protocol == "ec2":
        body = (
            f"<Response><Errors><Error>{core}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        fault = "Receiver" if isinstance(error, ServerError) else "Sender"
        body = (
            f"<ErrorResponse><Error><Type>{fault}</Type>{core}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    kind = "application/xml" if protocol == "rest-xml" else "text/xml"
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    return HttpResponse(error.status, {"Content-Type": kind}, document.encode())
