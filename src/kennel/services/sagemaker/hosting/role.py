"""Endpoints act as their model's role: in the plane's calls for them, and inside the container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kennel.client_environment import client_variables
from kennel.identity import Principal
from kennel.services.roles import role_principal, role_session
from kennel.services.sagemaker.hosting.deployment import Endpoint, ServedVariant

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.service import Parts

__all__ = ["ServingRole"]

_SESSION_SECONDS = 12 * 3600  # the longest that a role's session lasts


class ServingRole:
    """Sessions of the roles that endpoints run as."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def context(self, endpoint: Endpoint, variant: ServedVariant) -> Context:
        """A context that acts as the variant's role. Raises RoleNotPassable if it is gone."""
        return self._parts.dispatcher.context(self.principal(endpoint, variant))

    def principal(self, endpoint: Endpoint, variant: ServedVariant) -> Principal:
        """Who acts as the variant's role. Raises RoleNotPassable if it is gone."""
        return role_principal(self._own_context(), variant.role_arn, f"SageMaker-{endpoint.name}")

    def environment(self, endpoint: Endpoint, variant: ServedVariant) -> dict[str, str]:
        """The container's environment: the model's own, and the role's credentials."""
        credentials = role_session(
            self._own_context(),
            variant.role_arn,
            f"SageMaker-{endpoint.name}",
            _SESSION_SECONDS,
        )
        return {
            **variant.container.environment,
            **client_variables(self._parts.reach, credentials),
        }

    def _own_context(self) -> Context:
        service = Principal.service(self._parts.account_id, "sagemaker.amazonaws.com")
        return self._parts.dispatcher.context(service)
