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

    `source` holds what only the wire knows and operations or policies need (`host`, `source_ip`,
    `secure`, `user_agent`, `referer`); it is empty for calls between services. `serving` is the
    service whose operation runs with this context, empty before it runs. `called_by` is the service
    that makes the call in process, empty for a call over the wire; `forwarded` says that it does so
    with its own caller's rights.
    """

    dispatcher: Dispatcher
    principal: Principal
    region: str
    account_id: str
    request_id: str
    source: Mapping[str, str]
    serving: str = ""
    called_by: str = ""
    forwarded: bool = False

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
        context = replace(
            self,
            principal=principal or self.principal,
            called_by=self.serving,
            forwarded=principal is None and bool(self.serving),
        )
        return self.dispatcher.invoke(context, service, operation, parameters)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region: `arn("sagemaker", "endpoint/e")`."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"
