"""Functions act as their execution role: in the plane's calls for them and in their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kennel.identity import Credentials, Principal
from kennel.services.roles import role_principal, role_session

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.service import Parts

__all__ = ["credentials_of", "own_arn", "principal_of"]

_SERVICE = "lambda.amazonaws.com"
# Functions have their keys in their environment, as on AWS, where no SDK renews them; so they last
# far longer than an environment is used (`pool.LIFETIME`).
_SESSION_SECONDS = 12 * 3600


def own_arn(parts: Parts, function: str) -> str:
    """What a function's role is assumed for (aws:SourceArn): the function in the region that its
    environments run in."""
    return _context(parts).arn("lambda", f"function:{function}")


def principal_of(parts: Parts, role: str, function: str) -> Principal:
    """Who acts for the function. Raises RoleNotPassable if the role is gone."""
    return role_principal(_context(parts), role, function)


def credentials_of(parts: Parts, role: str, function: str) -> Credentials:
    """Credentials for an environment; a row in the next commit. Raises RoleNotPassable, also if
    the role does not let Lambda assume it for this function any more."""
    return role_session(
        _context(parts),
        role,
        _SERVICE,
        function,
        _SESSION_SECONDS,
        source_arn=own_arn(parts, function),
    )


def _context(parts: Parts) -> Context:
    return parts.dispatcher.context(Principal.service(parts.account_id, _SERVICE))
