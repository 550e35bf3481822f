"""Tags of functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.lambda_.area import Area
from kennel.services.lambda_.document import Function
from kennel.services.lambda_.errors import InvalidParameterValueException
from kennel.services.lambda_.naming import FunctionName, parse_name

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Tags"]

_MOST = 50  # tags a resource


class Tags(Area):
    """TagResource, ListTags, UntagResource; `Resource` is a function's ARN."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"tag_resource", "list_tags", "untag_resource"}
    )

    def tag_resource(self, ctx: Context, *, Resource: str, Tags: Mapping[str, str]) -> None:
        """Adds tags, or changes the values of those that are there."""

        def change(tags: dict[str, str]) -> None:
            tags.update(Tags)
            if len(tags) > _MOST:
                raise InvalidParameterValueException(
                    f"A function can't have more than {_MOST} tags."
                )

        self._change(ctx, Resource, change)

    def list_tags(self, ctx: Context, *, Resource: str) -> dict[str, Any]:
        return {"Tags": self.require(ctx, _function(ctx, Resource))[0].tags}

    def untag_resource(self, ctx: Context, *, Resource: str, TagKeys: Sequence[str]) -> None:
        """Removes tags; keys that aren't there are no error."""

        def change(tags: dict[str, str]) -> None:
            for key in TagKeys:
                tags.pop(key, None)

        self._change(ctx, Resource, change)

    def _change(
        self, ctx: Context, resource: str, change: Callable[[dict[str, str]], None]
    ) -> None:
        named = _function(ctx, resource)

        def apply(function: Function) -> Function:
            change(function.tags)
            return function

        if self.functions.update(named.name, apply) is None:
            raise self.not_found(ctx, named)
        self.authorization.forget(named.name)


def _function(ctx: Context, resource: str) -> FunctionName:
    named = parse_name(ctx, resource)
    if named.qualifier:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function "
            "ARN."
        )
    return named
