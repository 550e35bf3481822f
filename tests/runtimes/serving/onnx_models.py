"""ONNX files, written byte by byte: the onnx package is not needed to run them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

__all__ = ["linear"]


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _tensor_type(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))


def linear(size: int, weight: float) -> bytes:
    """y = x · W, with W a square matrix that holds `weight` everywhere; x is one row."""
    values = struct.pack("<f", weight) * (size * size)
    weights = _field(1, size) + _field(1, size) + _field(2, 1) + _field(8, "w") + _field(9, values)
    node = _field(1, "x") + _field(1, "w") + _field(2, "y") + _field(4, "MatMul")
    graph = (
        _field(1, node)
        + _field(2, "g")
        + _field(5, weights)
        + _field(11, _tensor_type("x", (1, size)))
        + _field(12, _tensor_type("y", (1, size)))
    )
    opset = _field(1, "") + _field(2, 13)
    return _field(1, 8) + _field(7, graph) + _field(8, opset)
