"""Every call to a service, from the wire or from another service, goes through here."""

from __future__ import annotations

import inspect
import logging
import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol

from botocore import xform_name

from kennel.errors import NotImplementedByKennel
from kennel.identity import Principal
from kennel.services.access import Access
from kennel.services.context import Context
from kennel.services.service import Service

__all__ = ["Authorizer", "Dispatcher"]

log = logging.getLogger(__name__)


class Authorizer(Protocol):
    """Decides whether a principal may do something, and records that it was asked."""

    def authorize(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        """Raises AccessDeniedException if the call is denied."""

    def allows(self, context: Context, access: Access) -> bool:
        """Whether the caller might do this too; neither refused nor recorded."""


class Dispatcher:
    """The plane's services by name, behind one authorize step."""

    def __init__(self, authorizer: Authorizer, region: str, account_id: str) -> None:
        self._authorizer = authorizer
        self._services: dict[str, Service] = {}
        self._region = region
        self._account_id = account_id

    def add(self, service: Service) -> None:
        """Makes a service reachable under its name."""
        self._services[service.name] = service

    def service(self, name: str) -> Service | None:
        """The service of that botocore name, if the plane has it."""
        return self._services.get(name)

    @property
    def services(self) -> Mapping[str, Service]:
        """All services, by botocore's name."""
        return self._services

    def context(
        self,
        principal: Principal,
        *,
        request_id: str = "",
        region: str = "",
        source: Mapping[str, str] | None = None,
    ) -> Context:
        """A context for one call by `principal`."""
        return Context(
            dispatcher=self,
            principal=principal,
            region=region or self._region,
            account_id=self._account_id,
            request_id=request_id or str(uuid.uuid4()),
            source=source or {},
        )

    def authorize(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        """The authorize step alone, for the invocations' short way."""
        self._authorizer.authorize(context, service, operation, parameters)

    def allows(self, context: Context, access: Access) -> bool:
        """Whether a call's principal might do something else as well, where an answer depends on
        it (S3 names a missing key only to who may list)."""
        return self._authorizer.allows(context, access)

    def invoke(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Authorizes and runs one operation.

        Raises the operation's AwsError; NotImplementedByKennel for a service, an operation or a
        parameter that Kennel does not run.
        """
        target = self._services.get(service)
        method = None if target is None else target.operation(xform_name(operation))
        if target is None or method is None:
            raise NotImplementedByKennel(
                f"Kennel does not run the operation {operation} of {service}. "
                "Kennel's page docs/coverage.md lists what it runs."
            )
        unknown = parameters.keys() - _parameter_names(method)
        if unknown:
            raise NotImplementedByKennel(
                f"Kennel does not support the parameter {', '.join(sorted(unknown))} "
                f"of {service}'s {operation}."
            )
        self._authorizer.authorize(context, service, operation, parameters)
        if lacking := sorted(_needed_names(method) - parameters.keys()):
            raise target.lacking(lacking)
        return method(replace(context, serving=service), **parameters) or {}


@lru_cache(maxsize=4096)
def _signature_names(function: Any) -> frozenset[str]:
    return frozenset(
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    )


def _parameter_names(method: Any) -> frozenset[str]:
    return _signature_names(getattr(method, "__func__", method))


def _needed_names(method: Any) -> frozenset[str]:
    return _signature_needs(getattr(method, "__func__", method))


@lru_cache(maxsize=4096)
def _signature_needs(function: Any) -> frozenset[str]:
    return frozenset(
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        and parameter.default is inspect.Parameter.empty
    )
