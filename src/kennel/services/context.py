"""What an operation knows of its caller, and how it reaches other services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kennel.identity import Principal

if TYPE_CHECKING:
    from kennel.services.dispatch import Dispatcher

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """One call: who makes it, where, under which id.

    `source` holds what only the wire knows and some operations need (`host`, `source_ip`,
    `secure`); it is empty for calls between services.
    """

    dispatcher: Dispatcher
    principal: Principal
    region: str
    account_id: str
    request_id: str
    source: Mapping[str, str]

    def call(
        self,
        service: str,
        operation: str,
        *,
        principal: Principal | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Calls another service's operation, as `principal` (this call's own by default).

        `service` is botocore's name ("s3"), `operation` AWS's ("GetObject"). Authorized and
        recorded like a call over the wire. Raises the operation's AwsError.
        """
        context = self if principal is None else replace(self, principal=principal)
        return self.dispatcher.invoke(context, service, operation, parameters)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region: `arn("sagemaker", "endpoint/e")`."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"
