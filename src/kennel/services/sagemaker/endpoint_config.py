"""Endpoint configurations: which models, on how many instances of what type, at what weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.parameters import takes
from kennel.services.sagemaker.errors import ResourceLimitExceeded
from kennel.services.sagemaker.listing import LISTING, Page, page_of
from kennel.services.sagemaker.model import Models
from kennel.services.sagemaker.noun import Noun
from kennel.services.sagemaker.tags import Tags as TagSets
from kennel.services.service import Parts
from kennel.store import Collection, Document

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["EndpointConfig", "EndpointConfigs", "Variant", "check_instance_limit"]

MOST_INSTANCES = 100  # a variant's; each is a process of this machine. AWS's quotas are lower
_VARIANT_MEMBERS = {
    "VariantName",
    "ModelName",
    "InitialInstanceCount",
    "InstanceType",
    "InitialVariantWeight",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "RoutingConfig",
}


class Variant(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A production variant. Timeouts in seconds; the defaults are the containers' documented
    4 minutes and SageMaker's hour for a download."""

    name: str
    model_name: str
    instance_count: int
    instance_type: str
    weight: float = 1.0
    volume_gb: int = 0
    download_timeout: int = 3600
    startup_timeout: int = 240
    routing: str = ""


class EndpointConfig(Document):
    """An endpoint configuration as it is stored."""

    name: str
    arn: str
    variants: list[Variant]
    creation_time: float
    kms_key_id: str = ""


class EndpointConfigs(Noun):
    """CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "create_endpoint_config",
            "describe_endpoint_config",
            "list_endpoint_configs",
            "delete_endpoint_config",
        }
    )
    kinds: ClassVar[frozenset[str]] = frozenset({"endpoint-config"})

    def __init__(self, parts: Parts, tags: TagSets, models: Models) -> None:
        super().__init__(parts)
        self._tags = tags
        self._models = models
        self._configs = Collection(parts.database, "sagemaker.endpoint-configs", EndpointConfig)

    def create_endpoint_config(
        self,
        ctx: Context,
        *,
        EndpointConfigName: str,
        ProductionVariants: Iterable[Mapping[str, Any]],
        Tags: Iterable[Mapping[str, str]] = (),
        KmsKeyId: str = "",
    ) -> dict[str, Any]:
        variants = [_variant(variant) for variant in ProductionVariants]
        names = [variant.name for variant in variants]
        if len(set(names)) < len(names):
            raise ValidationException("The names of the production variants must be unique.")
        if not any(variant.weight > 0 for variant in variants):
            raise ValidationException("At least one production variant needs a weight above 0.")
        for variant in variants:
            self._models.require(ctx, variant.model_name)
        config = EndpointConfig(
            name=EndpointConfigName,
            arn=ctx.arn("sagemaker", f"endpoint-config/{EndpointConfigName}"),
            variants=variants,
            creation_time=self.parts.clock.policy(),
            kms_key_id=KmsKeyId,
        )
        tags = self._tags.checked(Tags)

        def create(connection: Any) -> bool:
            self._tags.put_in(connection, config.arn, tags)
            return self._configs.add_in(connection, EndpointConfigName, config)

        if not self.parts.database.write(create):
            raise ValidationException(
                f'Cannot create already existing endpoint configuration "{config.arn}".'
            )
        return {"EndpointConfigArn": config.arn}

    def describe_endpoint_config(self, ctx: Context, *, EndpointConfigName: str) -> dict[str, Any]:
        config = self.require(ctx, EndpointConfigName)
        described: dict[str, Any] = {
            "EndpointConfigName": config.name,
            "EndpointConfigArn": config.arn,
            "ProductionVariants": [_described(variant) for variant in config.variants],
            "CreationTime": config.creation_time,
            "EnableNetworkIsolation": False,
        }
        if config.kms_key_id:
            described["KmsKeyId"] = config.kms_key_id
        return described

    @takes(*LISTING)
    def list_endpoint_configs(self, ctx: Context, **asked: Any) -> dict[str, Any]:
        found, token = page_of([config for _, config in self._configs.list()], Page.asked(asked))
        listed = [
            {
                "EndpointConfigName": config.name,
                "EndpointConfigArn": config.arn,
                "CreationTime": config.creation_time,
            }
            for config in found
        ]
        return {"EndpointConfigs": listed, **token}

    def delete_endpoint_config(self, ctx: Context, *, EndpointConfigName: str) -> None:
        """Forgets a configuration. Endpoints that came of it go on, as on AWS."""
        config = self.require(ctx, EndpointConfigName)

        def delete(connection: Any) -> None:
            self._configs.delete_in(connection, EndpointConfigName)
            self._tags.delete_in(connection, config.arn)

        self.parts.database.write(delete)

    def require(self, ctx: Context, name: str) -> EndpointConfig:
        """A configuration by name. Raises ValidationException as SageMaker words it."""
        config = self._configs.get(name)
        if config is None:
            arn = ctx.arn("sagemaker", f"endpoint-config/{name}")
            raise ValidationException(f'Could not find endpoint configuration "{arn}".')
        return config

    def exists(self, kind: str, name: str) -> bool:
        return self._configs.get(name) is not None


def check_instance_limit(instance_type: str, count: int, current: int = 0) -> None:
    """Raises ResourceLimitExceeded for a variant of more instances than a machine can hold."""
    if count > MOST_INSTANCES:
        raise ResourceLimitExceeded(
            f"The account-level service limit '{instance_type} for endpoint usage' is "
            f"{MOST_INSTANCES} Instances, with current utilization of {current} Instances and a "
            f"request delta of {count - current} Instances."
        )


def _variant(variant: Mapping[str, Any]) -> Variant:
    name = variant["VariantName"]
    unsupported = variant.keys() - _VARIANT_MEMBERS
    if unsupported:
        raise NotImplementedByKennel(
            f"Kennel does not support a production variant's {', '.join(sorted(unsupported))} "
            f"(variant {name})."
        )
    for member in ("ModelName", "InstanceType", "InitialInstanceCount"):
        if member not in variant:
            raise ValidationException(f"The production variant {name} needs its {member}.")
    check_instance_limit(variant["InstanceType"], variant["InitialInstanceCount"])
    return Variant(
        name=name,
        model_name=variant["ModelName"],
        instance_count=variant["InitialInstanceCount"],
        instance_type=variant["InstanceType"],
        weight=variant.get("InitialVariantWeight", 1.0),
        volume_gb=variant.get("VolumeSizeInGB", 0),
        download_timeout=variant.get("ModelDataDownloadTimeoutInSeconds", 3600),
        startup_timeout=variant.get("ContainerStartupHealthCheckTimeoutInSeconds", 240),
        routing=variant.get("RoutingConfig", {}).get("RoutingStrategy", ""),
    )


def _described(variant: Variant) -> dict[str, Any]:
    described: dict[str, Any] = {
        "VariantName": variant.name,
        "ModelName": variant.model_name,
        "InitialInstanceCount": variant.instance_count,
        "InstanceType": variant.instance_type,
        "InitialVariantWeight": variant.weight,
    }
    if variant.volume_gb:
        described["VolumeSizeInGB"] = variant.volume_gb
    if variant.download_timeout != 3600:
        described["ModelDataDownloadTimeoutInSeconds"] = variant.download_timeout
    if variant.startup_timeout != 240:
        described["ContainerStartupHealthCheckTimeoutInSeconds"] = variant.startup_timeout
    if variant.routing:
        described["RoutingConfig"] = {"RoutingStrategy": variant.routing}
    return described
