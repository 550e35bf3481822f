"""Models: where the artifacts are, and which image and role serve them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.parameters import takes
from kennel.services.roles import RoleNotPassable, pass_role
from kennel.services.sagemaker.listing import LISTING, Page, page_of
from kennel.services.sagemaker.noun import Noun
from kennel.services.sagemaker.tags import Tags as TagSets
from kennel.services.service import Parts
from kennel.store import Collection, Document

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Container", "Model", "Models"]


class Container(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A model's container: image URI, S3 URI of the model archive, environment."""

    image: str
    model_data_url: str = ""
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    hostname: str = ""


class Model(Document):
    """A model as it is stored. Times are policy time, seconds since the epoch."""

    name: str
    arn: str
    role_arn: str
    container: Container
    creation_time: float
    vpc_config: dict[str, Any] = msgspec.field(default_factory=dict)
    network_isolation: bool = False


class Models(Noun):
    """CreateModel, DescribeModel, ListModels, DeleteModel."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"create_model", "describe_model", "list_models", "delete_model"}
    )
    kinds: ClassVar[frozenset[str]] = frozenset({"model"})

    def __init__(self, parts: Parts, tags: TagSets) -> None:
        super().__init__(parts)
        self._tags = tags
        self._models = Collection(parts.database, "sagemaker.models", Model)

    def create_model(
        self,
        ctx: Context,
        *,
        ModelName: str,
        ExecutionRoleArn: str = "",
        PrimaryContainer: Mapping[str, Any] | None = None,
        Containers: Iterable[Mapping[str, Any]] = (),
        Tags: Iterable[Mapping[str, str]] = (),
        VpcConfig: Mapping[str, Any] | None = None,
        EnableNetworkIsolation: bool = False,
    ) -> dict[str, Any]:
        """Stores a model. Its image and archive are looked at when an endpoint loads it."""
        containers = [PrimaryContainer] if PrimaryContainer else list(Containers)
        if len(containers) != 1:
            raise NotImplementedByKennel(
                "Kennel serves models of one container: give PrimaryContainer, "
                "or Containers with one entry."
            )
        try:
            pass_role(ctx, ExecutionRoleArn, "sagemaker.amazonaws.com")
        except RoleNotPassable as error:
            raise ValidationException(
                f"Could not assume role {ExecutionRoleArn}. Please ensure that the role exists "
                "and allows principal 'sagemaker.amazonaws.com' to assume the role. "
                f"{error.reason}"
            ) from error
        model = Model(
            name=ModelName,
            arn=ctx.arn("sagemaker", f"model/{ModelName}"),
            role_arn=ExecutionRoleArn,
            container=_container(containers[0]),
            creation_time=self.parts.clock.policy(),
            vpc_config=dict(VpcConfig or {}),
            network_isolation=EnableNetworkIsolation,
        )
        tags = self._tags.checked(Tags)

        def create(connection: Any) -> bool:
            self._tags.put_in(connection, model.arn, tags)
            return self._models.add_in(connection, ModelName, model)

        if not self.parts.database.write(create):
            raise ValidationException(f'Cannot create already existing model "{model.arn}".')
        return {"ModelArn": model.arn}

    def describe_model(self, ctx: Context, *, ModelName: str) -> dict[str, Any]:
        model = self.require(ctx, ModelName)
        container = _described(model.container)
        described: dict[str, Any] = {
            "ModelName": model.name,
            "ModelArn": model.arn,
            "ExecutionRoleArn": model.role_arn,
            "PrimaryContainer": container,
            "CreationTime": model.creation_time,
            "EnableNetworkIsolation": model.network_isolation,
        }
        if model.vpc_config:
            described["VpcConfig"] = model.vpc_config
        return described

    @takes(*LISTING)
    def list_models(self, ctx: Context, **asked: Any) -> dict[str, Any]:
        found, token = page_of([model for _, model in self._models.list()], Page.asked(asked))
        listed = [
            {"ModelName": m.name, "ModelArn": m.arn, "CreationTime": m.creation_time} for m in found
        ]
        return {"Models": listed, **token}

    def delete_model(self, ctx: Context, *, ModelName: str) -> None:
        """Forgets a model. Endpoints that serve it go on, as on AWS."""
        model = self.require(ctx, ModelName)

        def delete(connection: Any) -> None:
            self._models.delete_in(connection, ModelName)
            self._tags.delete_in(connection, model.arn)

        self.parts.database.write(delete)

    def find(self, name: str) -> Model | None:
        """A model by name."""
        return self._models.get(name)

    def require(self, ctx: Context, name: str) -> Model:
        """A model by name. Raises ValidationException as SageMaker words it."""
        model = self._models.get(name)
        if model is None:
            arn = ctx.arn("sagemaker", f"model/{name}")
            raise ValidationException(f'Could not find model "{arn}".')
        return model

    def exists(self, kind: str, name: str) -> bool:
        return self._models.get(name) is not None


def _container(container: Mapping[str, Any]) -> Container:
    unsupported = container.keys() - {
        "Image",
        "ModelDataUrl",
        "Environment",
        "ContainerHostname",
        "Mode",
    }
    if unsupported or container.get("Mode", "SingleModel") != "SingleModel":
        named = ", ".join(sorted(unsupported)) or "Mode MultiModel"
        raise NotImplementedByKennel(f"Kennel does not support a container's {named}.")
    if "Image" not in container:
        raise ValidationException("A container needs an Image; model packages are not supported.")
    return Container(
        image=container["Image"],
        model_data_url=container.get("ModelDataUrl", ""),
        environment=dict(container.get("Environment", {})),
        hostname=container.get("ContainerHostname", ""),
    )


def _described(container: Container) -> dict[str, Any]:
    described: dict[str, Any] = {"Image": container.image, "Mode": "SingleModel"}
    if container.model_data_url:
        described["ModelDataUrl"] = container.model_data_url
    described["Environment"] = container.environment
    if container.hostname:
        described["ContainerHostname"] = container.hostname
    return described
