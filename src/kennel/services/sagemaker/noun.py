"""A kind of SageMaker resource with its operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.identity import Principal
from kennel.services.service import Parts

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Noun"]


class Noun:
    """One kind of resource (training jobs, endpoints, …): its operations, documents and threads.

    SageMaker has hundreds of operations, so each noun is a class of its own and the service is
    only the list of its nouns. A noun's constructor does no work; `start` does.
    """

    operations: ClassVar[frozenset[str]] = frozenset()
    """The operations' names in snake case; each is a method of that name."""
    kinds: ClassVar[frozenset[str]] = frozenset()
    """What comes before the first slash in its resources' ARNs, e.g. `training-job`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def start(self) -> None:
        """Takes up what was under way when the plane last ran. Must return soon."""

    def stop(self) -> None:
        """Ends background work; what it did not finish is taken up by the next `start`."""

    def exists(self, kind: str, name: str) -> bool:
        """Whether there is such a resource; asked for kinds of `kinds` only."""
        raise NotImplementedError

    def operation(self, name: str) -> Callable[..., dict[str, Any] | None] | None:
        """The method of an operation in snake case, or None if it is not one of this noun's."""
        return getattr(self, name) if name in self.operations else None

    def context(self, principal: Principal | None = None) -> Context:
        """A context for work that no request asked for; as SageMaker itself by default."""
        service = Principal.service(self.parts.account_id, "sagemaker.amazonaws.com")
        return self.parts.dispatcher.context(principal or service)
