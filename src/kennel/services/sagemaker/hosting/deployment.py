"""An endpoint as it is stored: its status, what it serves, and what it is about to serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from kennel.services.sagemaker.model import Container
from kennel.store import Document

__all__ = [
    "Deployment",
    "Endpoint",
    "EndpointStatus",
    "IllegalMove",
    "ServedVariant",
    "move",
    "next_arrival",
    "scaled",
]


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
    """A variant with a copy of what its model said, which may be deleted meanwhile.

    `count` are the instances it is to have. Of those that were launched and are not there yet,
    `arrivals` says when they take requests (policy time, in order); see `--launch-delay`.
    """

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
    arrivals: list[float] = []

    def arrived(self, now: float) -> int:
        """How many instances may take requests at the policy time `now`."""
        return self.count - sum(arrival > now for arrival in self.arrivals)


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


def scaled(variant: ServedVariant, count: int, now: float, delay: float) -> ServedVariant:
    """The variant with another number of instances. Those that are added arrive `delay` seconds
    later; of those that are taken away, the ones that would arrive last go first."""
    under_way = [arrival for arrival in variant.arrivals if arrival > now]
    added = count - variant.count
    if added > 0:
        under_way += [now + delay] * added if delay else []
    else:
        under_way = under_way[: max(0, len(under_way) + added)]
    return msgspec.structs.replace(variant, count=count, arrivals=sorted(under_way))


def next_arrival(variants: Iterable[ServedVariant], now: float) -> float | None:
    """When the next instance takes requests that does not yet."""
    return min(
        (arrival for variant in variants for arrival in variant.arrivals if arrival > now),
        default=None,
    )
