"""Families of parameters that several operations of a service take."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["takes"]

F = TypeVar("F", bound=Callable[..., Any])


def takes(*names: str) -> Callable[[F], F]:
    """Lets an operation take the named parameters through its `**values`.

    They become part of its signature, which is what says which parameters an operation supports;
    the dispatcher refuses any other.
    """

    def mark(function: F) -> F:
        signature = inspect.signature(function)
        fixed = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in names
        ]
        marked = signature.replace(parameters=[*fixed, *added])
        function.__signature__ = marked  # type: ignore[attr-defined]
        return function

    return mark
