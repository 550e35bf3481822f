"""What the parts of the service share: the documents, the code, and who keeps functions running."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.lambda_.code_store import CodeStore
from kennel.services.lambda_.document import Function, Version, version_key
from kennel.services.lambda_.errors import ResourceNotFoundException
from kennel.services.lambda_.naming import LATEST, FunctionName, function_arn
from kennel.store import Collection

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.lambda_.keeper import FunctionKeeper
    from kennel.services.service import Parts

__all__ = ["Area"]


class Area:
    """Some of the service's operations. `operations` are their names in snake case."""

    operations: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        parts: Parts,
        functions: Collection[Function],
        versions: Collection[Version],
        code: CodeStore,
        keeper: FunctionKeeper,
    ) -> None:
        self.parts = parts
        self.functions = functions
        self.versions = versions
        self.code = code
        self._keeper = keeper

    def operation(self, name: str) -> Callable[..., dict[str, Any] | None] | None:
        """The method of an operation, or None if it is not one of this area's."""
        return getattr(self, name) if name in self.operations else None

    def require(self, ctx: Context, named: FunctionName) -> tuple[Function, Version]:
        """The function and the version that is meant. Raises ResourceNotFoundException."""
        key = version_key(named.name, named.qualifier or LATEST)
        found = self.parts.database.read(
            lambda connection: (
                self.functions.get_in(connection, named.name),
                self.versions.get_in(connection, key),
            )
        )
        function, version = found
        if function is None or version is None:
            raise self.not_found(ctx, named)
        return function, version

    def not_found(self, ctx: Context, named: FunctionName) -> ResourceNotFoundException:
        """The error for a function or version that is not there."""
        return ResourceNotFoundException(
            f"Function not found: {function_arn(ctx, named.name, named.qualifier)}"
        )

    def wake(self, name: str) -> None:
        """Has the function brought to what its documents say, soon."""
        self._keeper.wake(name)

    def forget(self, name: str, versions: Sequence[Version]) -> None:
        """Ends what runs of a function that was deleted."""
        self._keeper.forget(name, versions)
