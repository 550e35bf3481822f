"""What stands behind an endpoint: model servers, their instances, and who keeps them running."""

from kennel.services.sagemaker.hosting.deployment import (
    Deployment,
    Endpoint,
    EndpointStatus,
    ServedVariant,
    move,
    scaled,
)
from kennel.services.sagemaker.hosting.keeper import EndpointKeeper

__all__ = [
    "Deployment",
    "Endpoint",
    "EndpointKeeper",
    "EndpointStatus",
    "ServedVariant",
    "move",
    "scaled",
]
