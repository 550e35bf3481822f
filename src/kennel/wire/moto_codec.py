"""The adapter to moto's server-side codec, which is moto's internal API.

Nothing else in Kennel imports `moto.core`; `pyproject.toml` pins moto's version for this module's
sake. Importing moto takes 0.2 s and 17 MB, so this module is imported at the first request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.serialize import SerializationContext, get_serializer_class
from werkzeug.datastructures import Headers, MultiDict

__all__ = ["RequestParserError", "make_service_model", "parse_request", "serialize_result"]


def make_service_model(description: Mapping[str, Any], name: str) -> Any:
    """A service model whose shapes carry what the codec needs."""
    return ServiceModel(description, name)


def parse_request(
    operation: Any,
    protocol: str,
    *,
    method: str,
    path: str,
    path_parameters: Mapping[str, str],
    values: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
) -> dict[str, Any]:
    """The operation's parameters. Raises RequestParserError, ValueError, KeyError or TypeError
    for a body that does not fit."""
    parser = PROTOCOL_PARSERS[protocol](operation, map_type=dict)
    parsed: dict[str, Any] = parser.parse(
        {
            "method": method,
            "url_path": path,
            "url_params": dict(path_parameters),
            "values": MultiDict(values),
            "headers": Headers(list(headers.items())),
            "body": body,
        }
    )
    return parsed


def serialize_result(
    operation: Any, protocol: str, result: Mapping[str, Any], request_id: str
) -> tuple[int, dict[str, str], bytes | str]:
    """Status, headers and body of a successful reply."""
    serializer_class = get_serializer_class(operation.service_model.service_name, protocol)
    serializer = serializer_class(operation, SerializationContext(request_id))
    reply = serializer.serialize(result)
    return reply["status_code"], dict(reply["headers"]), reply["body"] or b""
