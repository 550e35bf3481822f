"""The ways to name a function: by name, partial ARN or ARN, each with a qualifier or without."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceNotFoundException,
)

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["LATEST", "FunctionName", "function_arn", "parse_name"]

LATEST = "$LATEST"
"""The version whose code and configuration can change."""

_NAME = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):)?"
    r"(?:(?P<account>\d{12}):)?"
    r"(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_-]{1,64})"
    r"(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]{1,128}))?"
)


@dataclass(frozen=True, slots=True)
class FunctionName:
    """A function, and the version or alias that was asked for; empty if none was."""

    name: str
    qualifier: str = ""


def parse_name(ctx: Context, text: str, qualifier: str = "") -> FunctionName:
    """Reads a FunctionName parameter together with a Qualifier.

    Raises InvalidParameterValueException for two qualifiers that differ, ResourceNotFoundException
    for another account's or region's function.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        raise InvalidParameterValueException(
            f"{text} is not a function's name or ARN. A name has at most 64 letters, digits, "
            "hyphens and underscores."
        )
    region, account, name, own = match.group("region", "account", "name", "qualifier")
    if (region or ctx.region) != ctx.region or (account or ctx.account_id) != ctx.account_id:
        raise ResourceNotFoundException(f"Function not found: {text}")
    if own and qualifier and own != qualifier:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return FunctionName(name, own or qualifier)


def function_arn(ctx: Context, name: str, qualifier: str = "") -> str:
    """The ARN of a function, or of one of its versions."""
    return ctx.arn("lambda", f"function:{name}:{qualifier}" if qualifier else f"function:{name}")
