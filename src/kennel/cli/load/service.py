"""Whose endpoints and functions are put under load: the plane's, or those that the environment's
AWS settings lead to."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Protocol

from kennel.cli.connection import Connection
from kennel.cli.errors import UsageError

__all__ = ["EnvironmentService", "PlaneService", "Service"]


class Service(Protocol):
    """Where clients come from."""

    @property
    def region(self) -> str: ...

    @property
    def where(self) -> str:
        """For messages."""

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client; `config` is for botocore's Config. The same one for the same service
        when there is no `config`."""


@dataclass(frozen=True, slots=True)
class PlaneService:
    """A running plane's, as its root user."""

    plane: Connection
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def region(self) -> str:
        return self.plane.region

    @property
    def where(self) -> str:
        return f"the plane {self.plane.url}"

    def client(self, service: str, **config: Any) -> Any:
        if config:
            return self.plane.client(service, **config)
        if service not in self._clients:
            self._clients[service] = self.plane.client(service)
        return self._clients[service]


class EnvironmentService:
    """Whatever AWS_ENDPOINT_URL, AWS_REGION, AWS_PROFILE and the keys of the environment say, as
    boto3 reads them: AWS itself, unless an endpoint is set. Raises UsageError without a region."""

    def __init__(self) -> None:
        import boto3

        # AWS's other SDKs read AWS_REGION; boto3 reads only the older name.
        region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or None
        self._session = boto3.Session(region_name=region)
        self._clients: dict[str, Any] = {}
        if self._session.region_name is None:
            raise UsageError("No region is set. Set AWS_REGION.")
        if self._session.get_credentials() is None:
            raise UsageError("No AWS credentials are set. Set AWS_PROFILE or AWS_ACCESS_KEY_ID.")

    @property
    def region(self) -> str:
        return str(self._session.region_name)

    @property
    def where(self) -> str:
        return str(self.client("sagemaker").meta.endpoint_url)

    def client(self, service: str, **config: Any) -> Any:
        from botocore.config import Config

        if config:
            return self._session.client(service, config=Config(**config))
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]
