"""Smithy RPC v2 CBOR bodies ("Smithy RPC v2 CBOR protocol", smithy.io).

CBOR's own types carry nearly everything; only timestamps (tag 1, seconds since the epoch) and the
members' names need the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = ["decode_cbor", "encode_cbor"]


def decode_cbor(shape: Any, body: bytes) -> dict[str, Any]:
    """A request body as parameters. Raises ValueError for what is not a CBOR map."""
    import cbor2

    if not body or shape is None:
        return {}
    try:
        value = cbor2.loads(body)  # it nests at most 400 deep
    except cbor2.CBORError as error:
        raise ValueError(f"the body is no CBOR: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("the body is not a CBOR map")
    decoded: dict[str, Any] = _decode(shape, value)
    return decoded


def _decode(shape: Any, value: Any) -> Any:
    if value is None:
        return None
    if shape.type_name == "structure":
        members = shape.members
        return {
            name: _decode(members[name], item)
            for name, item in value.items()
            if name in members and item is not None
        }
    if shape.type_name == "list":
        return [_decode(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {name: _decode(shape.value, item) for name, item in value.items()}
    if shape.type_name == "timestamp" and not isinstance(value, datetime):
        return datetime.fromtimestamp(float(value), UTC)
    return value


def encode_cbor(shape: Any, result: Mapping[str, Any]) -> bytes:
    """A result as a response body."""
    import cbor2

    return cbor2.dumps({} if shape is None else _encode(shape, result))


def _encode(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return {
            name: _encode(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [_encode(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {name: _encode(shape.value, item) for name, item in value.items()}
    if shape.type_name == "timestamp":
        import cbor2

        seconds = value.timestamp() if isinstance(value, datetime) else float(value)
        return cbor2.CBORTag(1, seconds)
    if shape.type_name in ("double", "float"):
        return float(value)
    return value
