"""Tables of what operations need to be allowed, and what reads them.

A service writes one table (`{"CreateEndpoint": (Need(...), ...)}`) in a module of its own; an
`AccessRules` makes Accesses of it and of a request's parameters. Where the tables come from: the
Service Authorization Reference; a test holds them to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from kennel.services.access import Access

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["AccessRules", "Need", "RequestTags", "Resolver", "need", "values_at"]

Resolver = Callable[["Context", str], str]
"""Makes of a parameter's value what stands for it in an ARN, e.g. a role's path and name."""

_FIELD = re.compile(r"\{([^}]*)\}")


class RequestTags(NamedTuple):
    """Condition keys for tags in the request: `path` leads to them, `each` stands before a tag's
    key, `every` has all the keys."""

    path: str
    each: str = "aws:requesttag/"
    every: str = "aws:tagkeys"


@dataclass(frozen=True, slots=True)
class Need:
    """One action, once for each resource; all must be allowed.

    A path is names with dots between (`ProductionVariants.InstanceType`); it goes through lists,
    so it may lead to many values. `resources` are what follows the service's ARN prefix, with paths
    in braces (`endpoint/{EndpointName}`); a path that leads nowhere becomes `*`; an ARN as a
    parameter stands as it is. `keys` are condition keys by name, each with its path, or with `=`
    and a constant, or with several paths and `|` between. `when` and `unless` are paths: the need
    is there only if they lead somewhere, or nowhere.
    """

    action: str
    resources: Sequence[str] = ("*",)
    keys: Mapping[str, str] = field(default_factory=dict)
    tags: RequestTags | None = None
    when: str = ""
    unless: str = ""


def need(
    action: str,
    *resources: str,
    tags: str = "",
    when: str = "",
    unless: str = "",
    keys: Mapping[str, str] | None = None,
) -> Need:
    """A Need in one line of a table; `tags` is the path of aws:RequestTag and aws:TagKeys."""
    request_tags = RequestTags(tags) if tags else None
    return Need(action, resources or ("*",), keys or {}, request_tags, when, unless)


class AccessRules:
    """The table of one service. `prefix` makes what all of its ARNs begin with; `resolvers` are by
    the path whose values they are for. Reading a rule costs 4 to 15 µs."""

    def __init__(
        self,
        service: str,
        table: Mapping[str, Sequence[Need]],
        prefix: Callable[[Context], str] | None = None,
        resolvers: Mapping[str, Resolver] | None = None,
    ) -> None:
        self._service = service
        self._table = table
        self._prefix = prefix or (lambda ctx: ctx.arn(service, ""))
        self._resolvers = resolvers or {}
        self._read: dict[str, tuple[_ReadNeed, ...]] = {}

    @property
    def operations(self) -> frozenset[str]:
        """The operations that have a rule."""
        return frozenset(self._table)

    @property
    def actions(self) -> frozenset[str]:
        """All actions that the operations need."""
        return frozenset(
            one.action if ":" in one.action else f"{self._service}:{one.action}"
            for needs in self._table.values()
            for one in needs
        )

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[Access, ...]:
        """What the operation needs with these parameters. Raises KeyError if it has no rule."""
        needs = self._read.get(operation)
        if needs is None:
            needs = tuple(_ReadNeed(self._service, one) for one in self._table[operation])
            self._read[operation] = needs
        prefix = self._prefix(ctx)
        return tuple(
            access
            for one in needs
            if one.is_there(parameters)
            for access in one.accesses(ctx, parameters, prefix, self._resolvers)
        )


def values_at(parameters: Any, path: str) -> list[str]:
    """The values that a path leads to, as conditions compare them."""
    return [_text(value) for value in _walk(parameters, tuple(path.split(".")))]


class _ReadNeed:
    """A Need whose paths are taken apart already."""

    def __init__(self, service: str, source: Need) -> None:
        self._action = source.action if ":" in source.action else f"{service}:{source.action}"
        self._resources = [_template(text) for text in source.resources]
        self._keys = [(name.lower(), paths.split("|")) for name, paths in source.keys.items()]
        self._tags = source.tags
        self._when = tuple(source.when.split(".")) if source.when else None
        self._unless = tuple(source.unless.split(".")) if source.unless else None

    def is_there(self, parameters: Mapping[str, Any]) -> bool:
        if self._when is not None and not _leads_somewhere(parameters, self._when):
            return False
        return self._unless is None or not _leads_somewhere(parameters, self._unless)

    def accesses(
        self,
        ctx: Context,
        parameters: Mapping[str, Any],
        prefix: str,
        resolvers: Mapping[str, Resolver],
    ) -> Iterator[Access]:
        context = self._context(parameters)
        for template in self._resources:
            for name in _rendered(template, ctx, parameters, resolvers):
                is_whole = name == "*" or name.startswith("arn:")
                yield Access(self._action, name if is_whole else prefix + name, context)

    def _context(self, parameters: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        context: dict[str, tuple[str, ...]] = {}
        for name, paths in self._keys:
            values = [value for path in paths for value in _constant_or_values(parameters, path)]
            if values:
                context[name] = tuple(dict.fromkeys(values))
        if self._tags is not None:
            context |= _tag_keys(parameters, self._tags)
        return context


def _template(text: str) -> list[tuple[str, str]]:
    """`endpoint/{EndpointName}` as `[("endpoint/", "EndpointName")]`: pairs of text and the path
    after it; the last path may be empty."""
    pieces = _FIELD.split(text)
    return list(zip(pieces[::2], [*pieces[1::2], ""], strict=True))


def _rendered(
    template: list[tuple[str, str]],
    ctx: Context,
    parameters: Mapping[str, Any],
    resolvers: Mapping[str, Resolver],
) -> Iterator[str]:
    choices: list[list[str]] = []
    for text, path in template:
        if not path:
            choices.append([text])
            continue
        resolve = resolvers.get(path)
        values = values_at(parameters, path)
        if resolve is not None:
            values = [resolve(ctx, value) for value in values]
        choices.append([text + value for value in values or ["*"]])
    for pieces in product(*choices):
        yield "".join(pieces)


def _constant_or_values(parameters: Mapping[str, Any], path: str) -> list[str]:
    return [path[1:]] if path.startswith("=") else values_at(parameters, path)


def _tag_keys(parameters: Mapping[str, Any], tags: RequestTags) -> dict[str, tuple[str, ...]]:
    """Of tags in any of AWS's forms: a list of pairs, a mapping, or keys alone (to untag)."""
    found: dict[str, str | None] = {}
    for item in _walk(parameters, tuple(tags.path.split("."))):
        if not isinstance(item, Mapping):
            found[_text(item)] = None
        elif "Key" in item:
            found[item["Key"]] = item.get("Value", "")
        else:
            found |= item
    if not found:
        return {}
    context = {
        (tags.each + key).lower(): (value,) for key, value in found.items() if value is not None
    }
    return {**context, tags.every: tuple(found)}


def _leads_somewhere(parameters: Any, path: tuple[str, ...]) -> bool:
    return next(_walk(parameters, path), None) is not None


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Empty strings, lists and mappings are nothing: operations' defaults look like that."""
    if value is None or value == "" or value == {}:
        return
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _walk(item, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        yield from _walk(value.get(path[0]), path[1:])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
