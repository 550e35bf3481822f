"""AWS Lambda: the parts put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.scaling.admission import ACCOUNT_LIMIT
from kennel.services.lambda_.aliases import Aliases
from kennel.services.lambda_.area import Holdings
from kennel.services.lambda_.authorization import Authorization
from kennel.services.lambda_.capacity import Capacity, Provision
from kennel.services.lambda_.code_store import CodeStore
from kennel.services.lambda_.concurrency import Concurrency
from kennel.services.lambda_.deletion import Deletion
from kennel.services.lambda_.document import Alias, Function, Numbers, Version
from kennel.services.lambda_.environments import Fleet
from kennel.services.lambda_.environments.leftovers import sweep
from kennel.services.lambda_.event_configs import EventConfigs
from kennel.services.lambda_.events import MIGRATIONS, EventQueue
from kennel.services.lambda_.functions import Functions
from kennel.services.lambda_.invoker import Invocation, Invoker
from kennel.services.lambda_.keeper import FunctionKeeper
from kennel.services.lambda_.naming import function_arn, parse_name
from kennel.services.lambda_.permissions import Permissions
from kennel.services.lambda_.provisioned import ProvisionedConcurrency
from kennel.services.lambda_.routes import Routes
from kennel.services.lambda_.tags import Tags
from kennel.services.lambda_.versions import Versions
from kennel.services.service import Parts, Service
from kennel.store import Collection, Migration

if TYPE_CHECKING:
    from kennel.services.access import Access
    from kennel.services.context import Context

__all__ = ["Lambda"]

_CODE_STORAGE = 80_530_636_800  # bytes: 75 GB ("Lambda quotas")
_UNZIPPED = 262_144_000
_ZIPPED = 52_428_800


class Lambda(Service):
    """AWS Lambda. The gateway hands invocations to `invoker` on its loop, which it names by
    `attach` before the service starts."""

    name: ClassVar[str] = "lambda"
    migrations: ClassVar[tuple[Migration, ...]] = MIGRATIONS
    bookkeeping: ClassVar[frozenset[str]] = Permissions.operations
    """Operations that store and give back what has no effect (yet)."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._folder = parts.folder / "lambda"
        self._functions = Collection(parts.database, "lambda.functions", Function)
        self._versions = Collection(parts.database, "lambda.versions", Version)
        aliases = Collection(parts.database, "lambda.aliases", Alias)
        numbers = Collection(parts.database, "lambda.version_numbers", Numbers)
        self._routes = Routes(aliases)
        self._code = CodeStore(self._folder / "code")
        self._fleet = Fleet(parts, self._folder / "environments")
        self._keeper = FunctionKeeper(parts, self._versions, self._code, self._fleet)
        self._events = EventQueue(parts, self._functions)
        provisions = Collection(parts.database, "lambda.provisions", Provision)
        self._capacity = Capacity(
            self._functions, self._versions, aliases, provisions, self._routes, self._fleet
        )
        self.invoker = Invoker(parts, self._fleet, self._routes, self._events)
        self._events.serve_by(self.invoker)
        self._authorization = Authorization(self._functions)
        holdings = Holdings(
            self._functions,
            self._versions,
            aliases,
            numbers,
            self._code,
            self._routes,
            self._keeper,
            provisions,
            self._capacity,
            self._authorization,
        )
        areas = (
            Functions,
            Deletion,
            Versions,
            Aliases,
            Concurrency,
            ProvisionedConcurrency,
            Tags,
            Permissions,
            EventConfigs,
        )
        self._areas = tuple(area(parts, holdings) for area in areas)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Names the loop that invocations run on; called on it."""
        self._fleet.attach(loop)

    def start(self) -> None:
        (self._folder / "environments").mkdir(mode=0o700, parents=True, exist_ok=True)
        used = [
            code.id
            for _, version in self._versions.list()
            for code in (version.code, version.serving)
            if code is not None
        ]
        self._code.start(used)
        sweep(self.parts, self._folder / "environments")
        self._routes.load()
        self._keeper.start()
        self._capacity.start()
        self._fleet.on_loop(self._events.load())

    def stop(self) -> None:
        self._keeper.stop()
        if self._fleet.attached:
            self._fleet.run(self._events.stop())
        self._fleet.stop()

    def operation(self, name: str) -> Callable[..., dict[str, Any] | None] | None:
        if name in ("invoke", "get_account_settings"):
            method: Callable[..., dict[str, Any] | None] = getattr(self, name)
            return method
        for area in self._areas:
            if (found := area.operation(name)) is not None:
                return found
        return None

    @property
    def actions(self) -> frozenset[str]:
        return self._authorization.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> Sequence[Access]:
        return self._authorization.accesses(ctx, operation, parameters)

    def resource_policy(self, arn: str) -> str:
        return self._authorization.policy(arn)

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        return self._authorization.tags(arn)

    def invoke(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        InvocationType: str = "RequestResponse",
        LogType: str = "None",
        ClientContext: str = "",
        Payload: bytes = b"",
        Qualifier: str = "",
    ) -> dict[str, Any]:
        """Invoke for callers that do not come by the short way."""
        named = parse_name(ctx, FunctionName, Qualifier)
        invocation = Invocation(
            named, ctx.request_id, Payload, InvocationType, LogType, ClientContext
        )
        reply = self._fleet.run(self.invoker.invoke(invocation, function_arn(ctx, named.name)))
        result: dict[str, Any] = {"StatusCode": reply.status, "Payload": reply.payload}
        for name, value in (
            ("FunctionError", reply.function_error),
            ("LogResult", reply.log),
            ("ExecutedVersion", reply.version),
        ):
            if value:
                result[name] = value
        return result

    def get_account_settings(self, ctx: Context) -> dict[str, Any]:
        """AWS's own limits, and what is used of them. UnreservedConcurrentExecutions is what
        functions have not reserved; what is provisioned of it is not taken off."""
        reserved = sum(function.reserved or 0 for _, function in self._functions.list())
        versions = [version for _, version in self._versions.list()]
        return {
            "AccountLimit": {
                "TotalCodeSize": _CODE_STORAGE,
                "CodeSizeUnzipped": _UNZIPPED,
                "CodeSizeZipped": _ZIPPED,
                "ConcurrentExecutions": ACCOUNT_LIMIT,
                "UnreservedConcurrentExecutions": ACCOUNT_LIMIT - reserved,
            },
            "AccountUsage": {
                "TotalCodeSize": sum(version.code.size for version in versions),
                "FunctionCount": len({version.function for version in versions}),
            },
        }
