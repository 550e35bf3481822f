"""The service: nothing but the list of its nouns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.access import Access
from kennel.services.access_rules import AccessRules, values_at
from kennel.services.instance_metadata import InstanceFacts
from kennel.services.sagemaker.access_table import ACCESS_TABLE, MODEL_ARNS
from kennel.services.sagemaker.endpoint import Endpoints
from kennel.services.sagemaker.endpoint_config import EndpointConfigs
from kennel.services.sagemaker.model import Models
from kennel.services.sagemaker.notebook import LifecycleConfigs, NotebookInstances
from kennel.services.sagemaker.noun import Noun
from kennel.services.sagemaker.tags import Tags
from kennel.services.sagemaker.training import TrainingJobs
from kennel.services.sagemaker.tuning import TuningJobs
from kennel.services.service import Parts, Service

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["SageMaker"]

_RULES = AccessRules("sagemaker", ACCESS_TABLE)


class SageMaker(Service):
    """Amazon SageMaker's control plane.

    To add a kind of resource, write a `Noun` in a module of its own and list it in `nouns`;
    later nouns may use earlier ones.
    """

    name: ClassVar[str] = "sagemaker"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.tags = Tags(parts, owner=self._owner)
        self.training_jobs = TrainingJobs(parts, self.tags)
        self.tuning_jobs = TuningJobs(parts, self.tags, self.training_jobs)
        self.models = Models(parts, self.tags)
        self.endpoint_configs = EndpointConfigs(parts, self.tags, self.models)
        self.endpoints = Endpoints(parts, self.tags, self.models, self.endpoint_configs)
        self.lifecycle_configs = LifecycleConfigs(parts, self.tags)
        self.notebook_instances = NotebookInstances(parts, self.tags, self.lifecycle_configs)
        self.nouns: tuple[Noun, ...] = (
            self.tags,
            self.training_jobs,
            self.tuning_jobs,
            self.models,
            self.endpoint_configs,
            self.endpoints,
            self.lifecycle_configs,
            self.notebook_instances,
        )

    def start(self) -> None:
        for noun in self.nouns:
            noun.start()

    def stop(self) -> None:
        for noun in reversed(self.nouns):
            noun.stop()

    def operation(self, name: str) -> Callable[..., dict[str, Any] | None] | None:
        for noun in self.nouns:
            if (method := noun.operation(name)) is not None:
                return method
        return None

    @property
    def actions(self) -> frozenset[str]:
        return _RULES.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> Sequence[Access]:
        if operation == "CreateEndpointConfig":
            names = values_at(parameters, "ProductionVariants.ModelName")
            arns = [ctx.arn("sagemaker", f"model/{name}") for name in names]
            parameters = {**parameters, MODEL_ARNS: arns}
        return _RULES.accesses(ctx, operation, parameters)

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        """One indexed read."""
        return self.tags.of(arn)

    def instance_facts(self, holder: str) -> InstanceFacts | None:
        """For `kennel.services.instance_metadata`: notebook instances are instances, too."""
        return self.notebook_instances.facts(holder)

    def _owner(self, kind: str) -> Noun | None:
        """The noun whose resources' ARNs have that kind."""
        return next((noun for noun in self.nouns if kind in noun.kinds), None)
