"""What endpoints tell Application Auto Scaling, and what they let it forbid."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kennel.errors import ValidationException
from kennel.services.sagemaker.endpoint_scaling import (
    check_registered_variants,
    forget_registered_variants,
)
from kennel.services.sagemaker.hosting import (
    Deployment,
    Endpoint,
    EndpointStatus,
    ServedVariant,
)
from kennel.services.sagemaker.model import Container


class _Targets:
    """Application Auto Scaling with one registered variant."""

    def __init__(self, registered: str) -> None:
        self._registered = registered
        self.deleted: list[str] = []

    def is_registered(self, resource_id: str, dimension: str) -> bool:
        assert dimension == "sagemaker:variant:DesiredInstanceCount"
        return resource_id == self._registered

    def resource_deleted(self, prefix: str) -> None:
        self.deleted.append(prefix)


def parts(targets: _Targets | None) -> Any:
    found = {"application-autoscaling": targets}
    return SimpleNamespace(dispatcher=SimpleNamespace(service=found.get))


def deployment(model: str = "m", **types: str) -> Deployment:
    variants = [
        ServedVariant(
            name=name,
            model_name=model,
            role_arn="r",
            container=Container(image="i", model_data_url="", environment={}),
            instance_type=f"ml.{kind}.large",
            count=1,
            weight=1.0,
        )
        for name, kind in types.items()
    ]
    return Deployment(config_name="c", generation=1, variants=variants)


def endpoint(active: Deployment) -> Endpoint:
    return Endpoint(
        name="e",
        arn="a",
        status=EndpointStatus.IN_SERVICE,
        creation_time=1.0,
        last_modified_time=1.0,
        active=active,
    )


def check(registered: str, update: Deployment) -> None:
    targets = _Targets(f"endpoint/e/variant/{registered}")
    check_registered_variants(parts(targets), endpoint(deployment(red="m5", blue="m5")), update)


def test_a_registered_variant_keeps_its_instance_type() -> None:
    with pytest.raises(ValidationException, match='"red" must be deregistered'):
        check("red", deployment(red="c5", blue="m5"))
    check("red", deployment(red="m5", blue="c5"))


def test_a_registered_variant_is_not_left_out() -> None:
    with pytest.raises(ValidationException, match='"red" must be deregistered'):
        check("red", deployment(blue="m5"))


def test_its_model_may_change() -> None:
    check("red", deployment("another", red="m5", blue="m5"))


def test_a_deleted_endpoint_takes_its_targets_with_it_and_no_others() -> None:
    targets = _Targets("")
    forget_registered_variants(parts(targets), endpoint(deployment(red="m5")))
    assert targets.deleted == ["endpoint/e/"]


def test_a_plane_without_the_service_forbids_nothing() -> None:
    active = endpoint(deployment(red="m5"))
    check_registered_variants(parts(None), active, deployment(blue="c5"))
    forget_registered_variants(parts(None), active)
