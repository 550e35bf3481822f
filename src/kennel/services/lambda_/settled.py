"""Whether a function can be changed or published now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kennel.services.lambda_.document import State, Update, Version
from kennel.services.lambda_.errors import ResourceConflictException
from kennel.services.lambda_.naming import function_arn

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["check_settled"]


def check_settled(ctx: Context, version: Version) -> None:
    """Raises ResourceConflictException while the function is made or updated."""
    if version.state is State.PENDING:
        raise ResourceConflictException(
            "The operation cannot be performed at this time. The function is currently in the "
            f"following state: {version.state}"
        )
    if version.update is Update.IN_PROGRESS:
        raise ResourceConflictException(
            "The operation cannot be performed at this time. An update is in progress for "
            f"resource: {function_arn(ctx, version.function)}"
        )
