"""Endpoints' operations. What runs behind them is `kennel.services.sagemaker.hosting`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from kennel.errors import ValidationException
from kennel.services.parameters import takes
from kennel.services.sagemaker.endpoint_config import (
    EndpointConfig,
    EndpointConfigs,
    check_instance_limit,
)
from kennel.services.sagemaker.endpoint_scaling import (
    check_registered_variants,
    forget_registered_variants,
)
from kennel.services.sagemaker.hosting import (
    Deployment,
    Endpoint,
    EndpointKeeper,
    EndpointStatus,
    ServedVariant,
    move,
    scaled,
)
from kennel.services.sagemaker.images import Images
from kennel.services.sagemaker.listing import LISTING, MODIFIED, Page, page_of
from kennel.services.sagemaker.model import Models
from kennel.services.sagemaker.noun import Noun
from kennel.services.sagemaker.tags import Tags as TagSets
from kennel.services.sagemaker_runtime import SageMakerRuntime
from kennel.services.service import Parts
from kennel.store import Collection

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Endpoints"]


class Endpoints(Noun):
    """CreateEndpoint, DescribeEndpoint, ListEndpoints, UpdateEndpoint,
    UpdateEndpointWeightsAndCapacities, DeleteEndpoint."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "create_endpoint",
            "describe_endpoint",
            "list_endpoints",
            "update_endpoint",
            "update_endpoint_weights_and_capacities",
            "delete_endpoint",
        }
    )
    kinds: ClassVar[frozenset[str]] = frozenset({"endpoint"})

    def __init__(
        self, parts: Parts, tags: TagSets, models: Models, configs: EndpointConfigs
    ) -> None:
        super().__init__(parts)
        self._tags = tags
        self._models = models
        self._configs = configs
        self._endpoints = Collection(parts.database, "sagemaker.endpoints", Endpoint)
        self._keeper: EndpointKeeper | None = None

    def start(self) -> None:
        runtime = self.parts.dispatcher.service(SageMakerRuntime.name)
        assert isinstance(runtime, SageMakerRuntime)
        images = Images(self.parts.folder, self.parts.account_id)
        self._keeper = EndpointKeeper(self.parts, self._endpoints, images, runtime.router)
        self._keeper.start()

    def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.stop()

    def create_endpoint(
        self,
        ctx: Context,
        *,
        EndpointName: str,
        EndpointConfigName: str,
        Tags: Iterable[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        config = self._configs.require(ctx, EndpointConfigName)
        now = self.parts.clock.policy()
        endpoint = Endpoint(
            name=EndpointName,
            arn=ctx.arn("sagemaker", f"endpoint/{EndpointName}"),
            status=EndpointStatus.CREATING,
            creation_time=now,
            last_modified_time=now,
            pending=self._launched(self._deployment(ctx, config, 1), now),
            generations=1,
        )
        tags = self._tags.checked(Tags)

        def create(connection: Any) -> bool:
            if not self._endpoints.add_in(connection, EndpointName, endpoint):
                return False
            self._tags.put_in(connection, endpoint.arn, tags)
            return True

        if not self.parts.database.write(create):
            raise ValidationException(f'Cannot create already existing endpoint "{endpoint.arn}".')
        self._wake(EndpointName)
        return {"EndpointArn": endpoint.arn}

    def describe_endpoint(self, ctx: Context, *, EndpointName: str) -> dict[str, Any]:
        endpoint = self._require(ctx, EndpointName)
        shown = endpoint.active or endpoint.pending
        described: dict[str, Any] = {
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "EndpointStatus": endpoint.status.value,
            "CreationTime": endpoint.creation_time,
            "LastModifiedTime": endpoint.last_modified_time,
        }
        if shown is not None:
            described["EndpointConfigName"] = shown.config_name
        if endpoint.active is not None:
            described["ProductionVariants"] = [
                self._described_variant(endpoint, variant) for variant in endpoint.active.variants
            ]
        if endpoint.failure_reason:
            described["FailureReason"] = endpoint.failure_reason
        if endpoint.active is not None and endpoint.pending is not None:
            described["PendingDeploymentSummary"] = {
                "EndpointConfigName": endpoint.pending.config_name,
                "StartTime": endpoint.last_modified_time,
            }
        return described

    @takes(*LISTING, *MODIFIED, "StatusEquals")
    def list_endpoints(self, ctx: Context, **asked: Any) -> dict[str, Any]:
        found, token = page_of(
            [endpoint for _, endpoint in self._endpoints.list()],
            Page.asked(asked),
            modified=lambda endpoint: endpoint.last_modified_time,
            status=lambda endpoint: endpoint.status,
        )
        listed = [
            {
                "EndpointName": endpoint.name,
                "EndpointArn": endpoint.arn,
                "CreationTime": endpoint.creation_time,
                "LastModifiedTime": endpoint.last_modified_time,
                "EndpointStatus": endpoint.status.value,
            }
            for endpoint in found
        ]
        return {"Endpoints": listed, **token}

    def update_endpoint(
        self,
        ctx: Context,
        *,
        EndpointName: str,
        EndpointConfigName: str,
        RetainAllVariantProperties: bool = False,
        ExcludeRetainedVariantProperties: Iterable[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        """Blue/green: the new generation is made ready, takes over, and only then the old one
        goes. A generation that can't be made ready changes nothing."""
        current = self._require(ctx, EndpointName)
        config = self._configs.require(ctx, EndpointConfigName)
        deployment = self._deployment(ctx, config, 0)
        if current.active is not None:
            check_registered_variants(self.parts, current, deployment)
        excluded = {entry["VariantPropertyType"] for entry in ExcludeRetainedVariantProperties}

        def change(endpoint: Endpoint) -> Endpoint:
            _require_in_service(endpoint)
            assert endpoint.active is not None
            endpoint.generations += 1
            variants = deployment.variants
            if RetainAllVariantProperties:
                variants = _retained(variants, endpoint.active.variants, excluded)
            now = self.parts.clock.policy()
            made = Deployment(
                config_name=config.name, generation=endpoint.generations, variants=variants
            )
            endpoint.pending = self._launched(made, now)
            move(endpoint, EndpointStatus.UPDATING, now)
            return endpoint

        return self._change(EndpointName, change)

    def update_endpoint_weights_and_capacities(
        self,
        ctx: Context,
        *,
        EndpointName: str,
        DesiredWeightsAndCapacities: Iterable[Mapping[str, Any]],
    ) -> dict[str, Any]:
        self._require(ctx, EndpointName)
        wanted = {entry["VariantName"]: entry for entry in DesiredWeightsAndCapacities}

        def change(endpoint: Endpoint) -> Endpoint:
            _require_in_service(endpoint)
            assert endpoint.active is not None
            unknown = wanted.keys() - {variant.name for variant in endpoint.active.variants}
            if unknown:
                raise ValidationException(
                    f'The variant name(s) "{", ".join(sorted(unknown))}" is/are not present '
                    f'within endpoint "{endpoint.arn}".'
                )
            empty = [
                name for name, entry in wanted.items() if entry.get("DesiredInstanceCount") == 0
            ]
            if empty:
                raise ValidationException(
                    f"The variant(s) {', '.join(empty)} of endpoint {endpoint.arn} must have at "
                    "least 1 instance. Delete the endpoint to have none."
                )
            now = self.parts.clock.policy()
            endpoint.active.variants = [
                self._changed(variant, wanted.get(variant.name, {}), now)
                for variant in endpoint.active.variants
            ]
            if not any(variant.weight > 0 for variant in endpoint.active.variants):
                raise ValidationException(
                    f"At least one variant of endpoint {endpoint.arn} needs a weight above 0."
                )
            move(endpoint, EndpointStatus.UPDATING, now)
            return endpoint

        return self._change(EndpointName, change)

    def delete_endpoint(self, ctx: Context, *, EndpointName: str) -> None:
        """Takes the endpoint out of service; its instances finish what they were asked."""
        endpoint = self._require(ctx, EndpointName)

        def change(stored: Endpoint) -> Endpoint | None:
            if stored.status is EndpointStatus.DELETING:
                return None
            move(stored, EndpointStatus.DELETING, self.parts.clock.policy())
            stored.pending = None
            return stored

        def delete(connection: Any) -> None:
            self._endpoints.update_in(connection, EndpointName, change)
            self._tags.delete_in(connection, endpoint.arn)

        self.parts.database.write(delete)
        forget_registered_variants(self.parts, endpoint)
        self._wake(EndpointName)

    def exists(self, kind: str, name: str) -> bool:
        return self._endpoints.get(name) is not None

    def _require(self, ctx: Context, name: str) -> Endpoint:
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            arn = ctx.arn("sagemaker", f"endpoint/{name}")
            raise ValidationException(f'Could not find endpoint "{arn}".')
        return endpoint

    def _change(self, name: str, change: Any) -> dict[str, Any]:
        stored = self._endpoints.update(name, change)
        if stored is None:
            raise ValidationException(f'Could not find endpoint "{name}".')
        self._wake(name)
        return {"EndpointArn": stored.arn}

    def _wake(self, name: str) -> None:
        assert self._keeper is not None
        self._keeper.wake(name)

    def _deployment(self, ctx: Context, config: EndpointConfig, generation: int) -> Deployment:
        variants = []
        for variant in config.variants:
            model = self._models.require(ctx, variant.model_name)
            variants.append(
                ServedVariant(
                    name=variant.name,
                    model_name=model.name,
                    role_arn=model.role_arn,
                    container=model.container,
                    instance_type=variant.instance_type,
                    count=variant.instance_count,
                    weight=variant.weight,
                    startup_timeout=variant.startup_timeout,
                    download_timeout=variant.download_timeout,
                    routing=variant.routing,
                )
            )
        return Deployment(config_name=config.name, generation=generation, variants=variants)

    def _launched(self, deployment: Deployment, now: float) -> Deployment:
        """The generation whose instances are launched now."""
        delay = self.parts.launch_delay
        variants = [
            scaled(msgspec.structs.replace(variant, count=0), variant.count, now, delay)
            for variant in deployment.variants
        ]
        return msgspec.structs.replace(deployment, variants=variants)

    def _changed(
        self, variant: ServedVariant, wanted: Mapping[str, Any], now: float
    ) -> ServedVariant:
        count: int = wanted.get("DesiredInstanceCount", variant.count)
        check_instance_limit(variant.instance_type, count, variant.count)
        changed = scaled(variant, count, now, self.parts.launch_delay)
        changed.weight = wanted.get("DesiredWeight", variant.weight)
        return changed

    def _described_variant(self, endpoint: Endpoint, variant: ServedVariant) -> dict[str, Any]:
        assert self._keeper is not None
        described: dict[str, Any] = {
            "VariantName": variant.name,
            "DeployedImages": [
                {
                    "SpecifiedImage": variant.container.image,
                    "ResolvedImage": variant.container.image,
                    "ResolutionTime": endpoint.creation_time,
                }
            ],
            "CurrentWeight": variant.weight,
            "DesiredWeight": variant.weight,
            "CurrentInstanceCount": self._keeper.instance_count(endpoint.name, variant.name),
            "DesiredInstanceCount": variant.count,
        }
        if variant.routing:
            described["RoutingConfig"] = {"RoutingStrategy": variant.routing}
        return described


def _require_in_service(endpoint: Endpoint) -> None:
    if endpoint.status is EndpointStatus.FAILED:
        raise ValidationException(
            f'Cannot update endpoint "{endpoint.arn}": it failed. Delete it and create it anew.'
        )
    if endpoint.status is not EndpointStatus.IN_SERVICE:
        raise ValidationException(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _retained(
    new: list[ServedVariant], old: list[ServedVariant], excluded: set[str]
) -> list[ServedVariant]:
    """The new variants with the old ones' counts and weights, but for the excluded properties."""
    before = {variant.name: variant for variant in old}
    retained = []
    for variant in new:
        kept = before.get(variant.name, variant)
        retained.append(
            msgspec.structs.replace(
                variant,
                count=variant.count if "DesiredInstanceCount" in excluded else kept.count,
                weight=variant.weight if "DesiredWeight" in excluded else kept.weight,
            )
        )
    return retained
