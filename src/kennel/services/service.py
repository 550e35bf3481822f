"""What every service is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.client_environment import Reach
from kennel.clock import Clock
from kennel.decisions import DecisionRecord
from kennel.engine import Engine
from kennel.errors import ClientError, ValidationException
from kennel.identity import CredentialDirectory, Principal
from kennel.services.access import Access
from kennel.store import BlobStore, Database, Migration

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.dispatch import Dispatcher

__all__ = ["Parts", "Service"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a plane lends its services. `folder` is the state folder; a service keeps files only
    below `folder / its own name`."""

    database: Database
    blobs: BlobStore
    engine: Engine
    clock: Clock
    credentials: CredentialDirectory
    dispatcher: Dispatcher
    folder: Path
    region: str
    account_id: str
    reach: Reach
    """How processes that call the plane reach it."""
    isolates_jobs: bool
    """Whether training jobs are to have networks of their own, which lead to the plane alone."""
    decisions: DecisionRecord | None = None
    """What was asked and answered so far; a plane always has it."""
    launch_delay: float = 0.0
    """Seconds of policy time from asking for an endpoint's instance until it takes requests."""


class Service:
    """One AWS service. Each operation is a method named like it in snake case:

        def create_endpoint(self, ctx, *, EndpointName, EndpointConfigName, Tags=()): ...

    Arguments are the operation's own, already checked against botocore's model; the reply is the
    operation's output as a dict (absent members left out), or None for an empty one. A parameter
    that the method does not name is refused with an error that names it. Methods run in a thread
    pool, many at a time.
    """

    name: ClassVar[str]
    """botocore's name of the service."""
    migrations: ClassVar[tuple[Migration, ...]] = ()
    """The service's own tables, if it needs more than collections."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def start(self) -> None:
        """Takes up what was under way when the plane last ran. Must return soon."""

    def ready(self) -> None:
        """All services have started: background work that calls others may begin."""

    def leave(self) -> None:
        """All services are about to stop: background work that calls others ends."""

    def stop(self) -> None:
        """Ends background work; what it did not finish is taken up by the next `start`."""

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> Sequence[Access]:
        """What policies must allow before `operation` (AWS's name) runs with these parameters.

        Pure and quick: it is on the way of every request, before the operation's own checks, so
        what the parameters name need not exist. No action at all: everybody may.
        """
        return (Access(f"{self.name.split('-')[0]}:{operation}"),)

    @property
    def actions(self) -> frozenset[str]:
        """Every action that some operation needs, whatever the parameters."""
        return frozenset()

    def resource_policy(self, arn: str) -> str:
        """The policy that the resource itself carries (a bucket's, a function's, a role's trust
        policy), as JSON; empty if it carries none."""
        return ""

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        """The resource's tags, for aws:ResourceTag; empty if there is no such resource."""
        return {}

    def lacking(self, parameters: Sequence[str]) -> ClientError:
        """The error for a call without parameters that its method needs and that AWS's model does
        not require."""
        return ValidationException(
            f"1 validation error detected: Value null at '{parameters[0]}' failed to satisfy "
            "constraint: Member must not be null"
        )

    def operation(self, name: str) -> Callable[..., dict[str, Any] | None] | None:
        """The method of an operation in snake case, or None if it is not done here."""
        return None if name.startswith("_") else getattr(self, name, None)

    def context(self, principal: Principal | None = None) -> Context:
        """A context for work that no request asked for; as the service itself by default."""
        return self.parts.dispatcher.context(
            principal
            or Principal.service(self.parts.account_id, f"{self.name.split('-')[0]}.amazonaws.com")
        )
