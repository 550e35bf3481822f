"""An endpoint as it is stored: its status, what it serves, and what it is about to serve."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from kennel.services.sagemaker.model import Container
from kennel.store import Document

__all__ = ["Deployment", "Endpoint", "EndpointStatus", "IllegalMove", "ServedVariant", "move"]


class EndpointStatus(StrEnum):
    """The statuses of botocore's EndpointStatus that an endpoint of Kennel's can be in."""

    CREATING = "Creating"
    IN_SERVICE = "InService"
    UPDATING = "Updating"
    FAILED = "Failed"
    DELETING = "Deleting"


_MOVES: Mapping[EndpointStatus, frozenset[EndpointStatus]] = {
    EndpointStatus.CREATING: frozenset(
        {EndpointStatus.IN_SERVICE, EndpointStatus.FAILED, EndpointStatus.DELETING}
    ),
    EndpointStatus.IN_SERVICE: frozenset({EndpointStatus.UPDATING, EndpointStatus.DELETING}),
    EndpointStatus.UPDATING: frozenset({EndpointStatus.IN_SERVICE, EndpointStatus.DELETING}),
    EndpointStatus.FAILED: frozenset({EndpointStatus.DELETING}),
    EndpointStatus.DELETING: frozenset(),
}


class IllegalMove(Exception):
    """A status can't follow another."""


class ServedVariant(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A variant with a copy of what its model said, which may be deleted meanwhile."""

    name: str
    model_name: str
    role_arn: str
    container: Container
    instance_type: str
    count: int
    weight: float
    startup_timeout: int = 240
    download_timeout: int = 3600
    routing: str = ""


class Deployment(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One generation of an endpoint: what one configuration asks for."""

    config_name: str
    generation: int
    variants: list[ServedVariant]


class Endpoint(Document):
    """`active` answers requests; `pending` is being made ready to replace it."""

    name: str
    arn: str
    status: EndpointStatus
    creation_time: float
    last_modified_time: float
    active: Deployment | None = None
    pending: Deployment | None = None
    failure_reason: str = ""
    generations: int = 0


def move(endpoint: Endpoint, status: EndpointStatus, now: float) -> None:
    """Changes the status. Raises IllegalMove."""
    if status not in _MOVES[endpoint.status]:
        raise IllegalMove(f"{endpoint.name}: {endpoint.status} can't become {status}")
    endpoint.status = status
    endpoint.last_modified_time = now
