"""As whom Application Auto Scaling calls other services."""

from __future__ import annotations

from kennel.identity import Principal
from kennel.services.context import Context
from kennel.services.roles import RoleNotPassable, role_principal
from kennel.services.service import Parts

__all__ = ["LinkedRole"]

_SESSION = "ApplicationAutoScaling"


class LinkedRole:
    """The service in a session of a service-linked role."""

    def __init__(self, parts: Parts) -> None:
        self._dispatcher = parts.dispatcher
        self._itself = Principal.service(parts.account_id, "application-autoscaling.amazonaws.com")

    def acting(self, role_arn: str) -> Context:
        """A context in which the service acts as its service-linked role; where somebody deleted
        that, as itself, so that what there is can still be looked at and tidied up."""
        try:
            return self.strictly(role_arn)
        except RoleNotPassable:
            return self._dispatcher.context(self._itself)

    def strictly(self, role_arn: str) -> Context:
        """Raises RoleNotPassable if the role is gone."""
        plain = self._dispatcher.context(self._itself)
        return self._dispatcher.context(role_principal(plain, role_arn, _SESSION))
