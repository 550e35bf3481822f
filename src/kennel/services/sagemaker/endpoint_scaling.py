"""What endpoints owe Application Auto Scaling, which sets their variants' capacity.

Source: "Update endpoints that use auto scaling" and "Delete a scaling policy", SageMaker's guide.
"""

from __future__ import annotations

from kennel.errors import ValidationException
from kennel.services.sagemaker.hosting import Deployment, Endpoint
from kennel.services.scalable_targets import ScalableTargets
from kennel.services.service import Parts

__all__ = ["check_registered_variants", "forget_registered_variants"]

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def check_registered_variants(parts: Parts, endpoint: Endpoint, update: Deployment) -> None:
    """An update may change the model of a variant that is a scalable target, not its instance
    type, nor leave it out. Raises ValidationException."""
    targets = _targets(parts)
    if targets is None or endpoint.active is None:
        return
    types = {variant.name: variant.instance_type for variant in update.variants}
    held = [
        variant.name
        for variant in endpoint.active.variants
        if types.get(variant.name) != variant.instance_type
        and targets.is_registered(f"endpoint/{endpoint.name}/variant/{variant.name}", _DIMENSION)
    ]
    if held:
        # [O] The guide says that the call fails, not with which words.
        raise ValidationException(
            f'The variant(s) "{", ".join(held)}" must be deregistered as scalable targets with '
            "AutoScaling before they can be removed or have their instance type updated."
        )


def forget_registered_variants(parts: Parts, endpoint: Endpoint) -> None:
    """DeleteEndpoint deregisters the variants of the endpoint."""
    targets = _targets(parts)
    if targets is not None:
        targets.resource_deleted(f"endpoint/{endpoint.name}/")


def _targets(parts: Parts) -> ScalableTargets | None:
    service: object = parts.dispatcher.service("application-autoscaling")
    return service if isinstance(service, ScalableTargets) else None
