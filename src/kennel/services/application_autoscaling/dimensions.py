"""The scalable dimensions that Kennel has."""

from __future__ import annotations

from collections.abc import Mapping

from kennel.services.application_autoscaling.endpoint_variants import EndpointVariants
from kennel.services.application_autoscaling.provisioned_concurrency import ProvisionedConcurrency
from kennel.services.application_autoscaling.scalable import Scalable

__all__ = ["SCALABLES"]

_ALL: tuple[Scalable, ...] = (EndpointVariants(), ProvisionedConcurrency())

SCALABLES: Mapping[str, Scalable] = {scalable.dimension: scalable for scalable in _ALL}
