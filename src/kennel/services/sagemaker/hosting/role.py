"""Endpoints act as their model's role: in the plane's calls for them, and inside the container."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kennel.client_environment import plane_variables
from kennel.identity import Principal
from kennel.services.process_credentials import credential_variables
from kennel.services.roles import role_principal, trusting_role
from kennel.services.sagemaker.hosting.deployment import Endpoint, ServedVariant

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.service import Parts

__all__ = ["ServingRole"]

_SERVICE = "sagemaker.amazonaws.com"
_SESSION_NAME = "SageMaker"  # observed in the ARNs of containers' sessions on AWS
_HOLDER = "endpoint"  # of grants


class ServingRole:
    """Sessions of the roles that endpoints run as."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def context(self, endpoint: Endpoint, variant: ServedVariant) -> Context:
        """A context that acts as the variant's role. Raises RoleNotPassable if it is gone."""
        return self._parts.dispatcher.context(self.principal(endpoint, variant))

    def principal(self, endpoint: Endpoint, variant: ServedVariant) -> Principal:
        """Who acts as the variant's role. Raises RoleNotPassable if it is gone."""
        return role_principal(self._own_context(), variant.role_arn, _SESSION_NAME)

    def environment(
        self, endpoint: Endpoint, folder: Path, variant: ServedVariant
    ) -> dict[str, str]:
        """The container's environment: the model's own, and the way to the role's credentials.

        `folder` is the model server's; it names the grant, for `end`. Raises RoleNotPassable if
        the role is gone or does not let SageMaker assume it for this endpoint.
        """
        role = variant.role_arn
        trusting_role(self._own_context(), role, _SERVICE, endpoint.arn)
        holder = f"{_HOLDER}/{endpoint.name}/{folder.name}"
        return {
            **variant.container.environment,
            **plane_variables(self._parts.reach),
            **credential_variables(
                self._parts, holder, role, _SESSION_NAME, _SERVICE, endpoint.arn
            ),
        }

    def end(self, endpoint: str, folder: Path | None = None) -> None:
        """No process of an endpoint's model server, or of the whole endpoint, gets credentials any
        more."""
        holder = f"{_HOLDER}/{endpoint}"
        self._parts.credentials.grants.end(f"{holder}/{folder.name}" if folder else holder)

    def _own_context(self) -> Context:
        service = Principal.service(self._parts.account_id, _SERVICE)
        return self._parts.dispatcher.context(service)
