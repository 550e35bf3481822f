"""Which AwsErrors a method can raise, by following its code as far as names can be followed.

A call is followed if it names a function, a class or an attribute that can be looked up in the
module, on the live object, or in a function's closure. What is called through parameters and
locals is not, nor are other services (`ctx.call`): the answer may lack errors, and has no wrong
ones but where a handler is conditional.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from kennel.errors import AwsError

__all__ = ["raised"]

_NOTHING = object()


def raised(method: Callable[..., Any]) -> set[type[AwsError]]:
    """The errors of a bound method or a function, and of what it calls."""
    return _Follower().of(method)


class _Follower:
    def __init__(self) -> None:
        self._seen: set[Any] = set()

    def of(self, called: Any) -> set[type[AwsError]]:
        function = inspect.unwrap(getattr(called, "__func__", called))
        owner = getattr(called, "__self__", None)
        key = (getattr(function, "__code__", None), id(owner))
        if key in self._seen or key[0] is None or not _is_ours(function):
            return set()
        self._seen.add(key)
        try:
            source = textwrap.dedent(inspect.getsource(function))
            body = ast.parse(source).body[0]
        except (OSError, SyntaxError):  # a lambda in the middle of a line
            return set()
        if not isinstance(body, ast.FunctionDef):
            return set()
        names: dict[str, Any] = {**function.__globals__}
        names |= dict(inspect.getclosurevars(function).nonlocals)
        if owner is not None and body.args.args:
            names[body.args.args[0].arg] = owner
        # A local name of the function hides what the module calls so.
        for one in (*body.args.args, *body.args.kwonlyargs):
            if not (owner is not None and body.args.args and one is body.args.args[0]):
                names.pop(one.arg, None)
        return self._in(body.body, names)

    def _in(self, nodes: Iterable[ast.AST], names: dict[str, Any]) -> set[type[AwsError]]:
        found: set[type[AwsError]] = set()
        for node in nodes:
            if isinstance(node, ast.Try):
                inside = self._in(node.body, names)
                caught = [_looked_up(kind, names) for one in node.handlers for kind in _kinds(one)]
                classes = tuple(kind for kind in caught if isinstance(kind, type))
                found |= {kind for kind in inside if not issubclass(kind, classes)}
                rest = [*node.handlers, *node.orelse, *node.finalbody]
                found |= self._in(rest, names)
                continue
            if isinstance(node, ast.Call):
                found |= self._called(_looked_up(node.func, names))
            found |= self._in(ast.iter_child_nodes(node), names)
        return found

    def _called(self, called: Any) -> set[type[AwsError]]:
        if isinstance(called, type):
            if issubclass(called, AwsError):
                return {called}
            start = inspect.getattr_static(called, "__init__", None)
            return self.of(start) if inspect.isfunction(start) else set()
        if inspect.isfunction(called) or inspect.ismethod(called):
            return self.of(called)
        return set()


def _kinds(handler: ast.ExceptHandler) -> list[ast.expr]:
    if handler.type is None:
        return []
    return list(handler.type.elts) if isinstance(handler.type, ast.Tuple) else [handler.type]


def _looked_up(node: ast.expr, names: dict[str, Any]) -> Any:
    """What an expression of names and dots means, or _NOTHING."""
    if isinstance(node, ast.Name):
        return names.get(node.id, _NOTHING)
    if isinstance(node, ast.Attribute):
        owner = _looked_up(node.value, names)
        static = inspect.getattr_static(owner, node.attr, None)
        if owner is _NOTHING or isinstance(static, property):  # which would run
            return _NOTHING
        return getattr(owner, node.attr, _NOTHING)
    return _NOTHING


def _is_ours(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith("kennel.")
