"""The context object that handlers get; attributes and texts as those of `awslambdaric`."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import Any

__all__ = ["Client", "ClientContext", "CognitoIdentity", "LambdaContext"]


def _shown(record: object, *names: str) -> str:
    """`Kind([a=1,b=2])`, as AWS's runtime shows its records."""
    values = ",".join(f"{name}={getattr(record, name)}" for name in names)
    return f"{type(record).__name__}([{values}])"


class CognitoIdentity:
    """Who called by way of Amazon Cognito."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.cognito_identity_id = values.get("cognitoIdentityId")
        self.cognito_identity_pool_id = values.get("cognitoIdentityPoolId")

    def __repr__(self) -> str:
        return _shown(self, "cognito_identity_id", "cognito_identity_pool_id")


class Client:
    """The mobile application that called."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.installation_id = values.get("installation_id")
        self.app_title = values.get("app_title")
        self.app_version_name = values.get("app_version_name")
        self.app_version_code = values.get("app_version_code")
        self.app_package_name = values.get("app_package_name")

    def __repr__(self) -> str:
        return _shown(self, *vars(self))


class ClientContext:
    """What the caller sent as X-Amz-Client-Context."""

    def __init__(self, values: dict[str, Any]) -> None:
        client = values.get("client")
        self.custom = values.get("custom")
        self.env = values.get("env")
        self.client = None if client is None else Client(client)

    def __repr__(self) -> str:
        return _shown(self, "custom", "env", "client")


class LambdaContext:
    """One invocation, as its handler sees it."""

    def __init__(
        self,
        request_id: str,
        deadline_ms: int,
        function_arn: str,
        client_context: dict[str, Any] | None = None,
        identity: dict[str, Any] | None = None,
    ) -> None:
        environment = os.environ.get
        self.aws_request_id = request_id
        self.log_group_name = environment("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environment("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environment("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environment("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = function_arn
        self.tenant_id = None
        self.client_context = None if client_context is None else ClientContext(client_context)
        self.identity = CognitoIdentity(identity or {})
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is ended; never below 0."""
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message: object) -> None:
        """Writes to the function's log as it is, without a newline."""
        for handler in logging.getLogger().handlers:
            handler.flush()
        sys.stdout.write(str(message))

    def __repr__(self) -> str:
        return _shown(
            self,
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
