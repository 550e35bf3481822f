"""Reserved concurrency: a function's own share of the account's limit, and its cap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kennel.scaling.admission import ACCOUNT_LIMIT, LEAST_UNRESERVED
from kennel.services.lambda_.area import Area, unqualified
from kennel.services.lambda_.capacity import provisioned_in
from kennel.services.lambda_.errors import InvalidParameterValueException
from kennel.services.lambda_.naming import FunctionName

if TYPE_CHECKING:
    import sqlite3

    from kennel.services.context import Context

__all__ = ["Concurrency"]


class Concurrency(Area):
    """The operations on a function's concurrency, which is that of all its versions together."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"delete_function_concurrency", "get_function_concurrency", "put_function_concurrency"}
    )

    def put_function_concurrency(
        self, ctx: Context, *, FunctionName: str, ReservedConcurrentExecutions: int
    ) -> dict[str, Any]:
        """Holds from the next invocation on; what runs is not stopped. 0 lets nothing run."""
        name = unqualified(ctx, FunctionName)
        self._set(ctx, name, ReservedConcurrentExecutions)
        return {"ReservedConcurrentExecutions": ReservedConcurrentExecutions}

    def get_function_concurrency(self, ctx: Context, *, FunctionName: str) -> dict[str, Any]:
        """Empty if nothing is reserved."""
        function, _ = self.require(ctx, _named(unqualified(ctx, FunctionName)))
        reserved = function.reserved
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def delete_function_concurrency(self, ctx: Context, *, FunctionName: str) -> None:
        self._set(ctx, unqualified(ctx, FunctionName), None)

    def _set(self, ctx: Context, name: str, reserved: int | None) -> None:
        def change(connection: sqlite3.Connection) -> None:
            function, _ = self.require_in(ctx, connection, _named(name))
            if reserved is not None:
                self._check_in(connection, name, reserved)
            function.reserved = reserved
            self.functions.put_in(connection, name, function)

        self.parts.database.write(change)
        self.capacity.refresh(name, "")

    def _check_in(self, connection: sqlite3.Connection, name: str, reserved: int) -> None:
        provisioned = provisioned_in(connection, self.provisions)
        own = provisioned.get(name, 0)
        if reserved < own:
            raise InvalidParameterValueException(
                f"ReservedConcurrentExecutions {reserved} should not be lower than function's "
                f"total provisioned concurrency [{own}]."
            )
        claimed = sum(
            other.reserved if other.reserved is not None else provisioned.get(key, 0)
            for key, other in self.functions.list_in(connection)
            if key != name
        )
        if ACCOUNT_LIMIT - claimed - reserved < LEAST_UNRESERVED:
            raise InvalidParameterValueException(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                "UnreservedConcurrentExecution below its minimum value of "
                f"[{LEAST_UNRESERVED}]."
            )


def _named(name: str) -> FunctionName:
    return FunctionName(name)
