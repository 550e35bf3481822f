"""The one place that knows numba: what is compiled, and where the result is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.extending import intrinsic

__all__ = ["bits_float", "compiled", "float_bits", "is_kept", "select"]

njit: Any = numba.njit

# What is compiled allocates nothing, so nothing in it needs to count references: without
# `_nrt=False` the counting takes five of six parts of the time.
_OPTIONS: Mapping[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "forceinline": True,
    "_nrt": False,
}

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compiles a function at its first call and keeps the code beside the module, or in the user's
    cache folder where that can't be written."""
    try:
        dispatcher: Any = njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # neither can be written
        return cast(_Function, njit(**_OPTIONS)(function))
    # numba compiles what a function calls into it, but only asks whether the function's own file
    # is the one that it compiled. Ours asks for the whole package.
    dispatcher._cache._cache_file._source_stamp = _stamp()
    return cast(_Function, dispatcher)


def is_kept(function: Callable[..., Any]) -> bool:
    """Whether an earlier process has left a function's code."""
    cache: Any = getattr(function, "_cache", None)
    file = getattr(cache, "_cache_file", None)
    return file is not None and bool(file._load_index())


def _stamp() -> tuple[float, int]:
    files = [path.stat() for path in Path(__file__).parent.glob("*.py")]
    return max(file.st_mtime for file in files), sum(file.st_size for file in files)


def _float_bits(context: Any, number: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


def _bits_float(context: Any, number: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


def _select(context: Any, condition: Any, one: Any, other: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        selected = builder.select(*arguments)
        selected.set_metadata("unpredictable", builder.module.add_metadata([]))
        return selected

    return types.int64(types.boolean, types.int64, types.int64), generate


select: Callable[[bool, int, int], int] = cast(Any, intrinsic)(_select)
"""`one if condition else other` as a move and never as a branch, where nobody could guess which;
only in compiled code."""

float_bits: Callable[[float], int] = cast(Any, intrinsic)(_float_bits)
"""The 64 bits of a float as an integer; only in compiled code."""

bits_float: Callable[[int], float] = cast(Any, intrinsic)(_bits_float)
"""The float of 64 bits; only in compiled code."""
