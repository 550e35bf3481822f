"""What a function does with asynchronous events that fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import NotImplementedByKennel
from kennel.services.lambda_.area import Area
from kennel.services.lambda_.document import EventInvokeConfig, Function
from kennel.services.lambda_.errors import ResourceNotFoundException
from kennel.services.lambda_.naming import LATEST, FunctionName, function_arn, parse_name
from kennel.services.lambda_.paging import marked
from kennel.services.page_token import encode_place

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["EventConfigs"]


class EventConfigs(Area):
    """The operations on FunctionEventInvokeConfig. Destinations are refused: there is nothing to
    send to."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "delete_function_event_invoke_config",
            "get_function_event_invoke_config",
            "list_function_event_invoke_configs",
            "put_function_event_invoke_config",
            "update_function_event_invoke_config",
        }
    )

    def put_function_event_invoke_config(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        Qualifier: str = "",
        MaximumRetryAttempts: int | None = None,
        MaximumEventAgeInSeconds: int | None = None,
        DestinationConfig: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Replaces the whole configuration."""
        _refuse_destinations(DestinationConfig)
        config = EventInvokeConfig(
            last_modified=self.parts.clock.wall(),
            retries=MaximumRetryAttempts,
            age=MaximumEventAgeInSeconds,
        )
        return self._store(ctx, parse_name(ctx, FunctionName, Qualifier), config)

    def update_function_event_invoke_config(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        Qualifier: str = "",
        MaximumRetryAttempts: int | None = None,
        MaximumEventAgeInSeconds: int | None = None,
        DestinationConfig: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Changes what is given. Raises ResourceNotFoundException if nothing was put before."""
        _refuse_destinations(DestinationConfig)
        named = parse_name(ctx, FunctionName, Qualifier)
        former = self._require(ctx, named)
        config = EventInvokeConfig(
            last_modified=self.parts.clock.wall(),
            retries=former.retries if MaximumRetryAttempts is None else MaximumRetryAttempts,
            age=former.age if MaximumEventAgeInSeconds is None else MaximumEventAgeInSeconds,
        )
        return self._store(ctx, named, config)

    def get_function_event_invoke_config(
        self, ctx: Context, *, FunctionName: str, Qualifier: str = ""
    ) -> dict[str, Any]:
        named = parse_name(ctx, FunctionName, Qualifier)
        return _described(ctx, named, self._require(ctx, named))

    def list_function_event_invoke_configs(
        self, ctx: Context, *, FunctionName: str, Marker: str = "", MaxItems: int = 50
    ) -> dict[str, Any]:
        """By qualifier."""
        named = parse_name(ctx, FunctionName)
        function, _ = self.require(ctx, named)
        configs = sorted(function.event_configs.items())
        if Marker:
            after = marked(Marker, "event-configs")
            configs = [(qualifier, config) for qualifier, config in configs if qualifier > after]
        result: dict[str, Any] = {
            "FunctionEventInvokeConfigs": [
                _described(ctx, _named(named.name, qualifier), config)
                for qualifier, config in configs[:MaxItems]
            ]
        }
        if len(configs) > MaxItems:
            result["NextMarker"] = encode_place("event-configs", configs[MaxItems - 1][0])
        return result

    def delete_function_event_invoke_config(
        self, ctx: Context, *, FunctionName: str, Qualifier: str = ""
    ) -> None:
        named = parse_name(ctx, FunctionName, Qualifier)
        self._require(ctx, named)

        def change(function: Function) -> Function:
            function.event_configs.pop(_key(named), None)
            return function

        self.functions.update(named.name, change)

    def _require(self, ctx: Context, named: FunctionName) -> EventInvokeConfig:
        function, _ = self.require(ctx, named)
        config = function.event_configs.get(_key(named))
        if config is None:
            arn = function_arn(ctx, named.name, named.qualifier or LATEST)
            raise ResourceNotFoundException(f"The function {arn} doesn't have an EventInvokeConfig")
        return config

    def _store(
        self, ctx: Context, named: FunctionName, config: EventInvokeConfig
    ) -> dict[str, Any]:
        self.require(ctx, named)

        def change(function: Function) -> Function:
            function.event_configs[_key(named)] = config
            return function

        if self.functions.update(named.name, change) is None:
            raise self.not_found(ctx, named)
        return _described(ctx, named, config)


def _refuse_destinations(config: Mapping[str, Any] | None) -> None:
    wanted = config or {}
    if any((wanted.get(name) or {}).get("Destination") for name in ("OnSuccess", "OnFailure")):
        raise NotImplementedByKennel("Kennel has no destinations for events. Leave them out.")


def _key(named: FunctionName) -> str:
    """`$LATEST` and no qualifier are one and the same here."""
    return "" if named.qualifier == LATEST else named.qualifier


def _named(name: str, qualifier: str) -> FunctionName:
    return FunctionName(name, qualifier)


def _described(ctx: Context, named: FunctionName, config: EventInvokeConfig) -> dict[str, Any]:
    result: dict[str, Any] = {
        "LastModified": config.last_modified,
        "FunctionArn": function_arn(ctx, named.name, named.qualifier or LATEST),
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
    }
    if config.retries is not None:
        result["MaximumRetryAttempts"] = config.retries
    if config.age is not None:
        result["MaximumEventAgeInSeconds"] = config.age
    return result
