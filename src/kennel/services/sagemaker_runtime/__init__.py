"""Amazon SageMaker's runtime: requests on their way to endpoint instances."""

from kennel.services.sagemaker_runtime.router import Invocation, Keeper, Router
from kennel.services.sagemaker_runtime.routing import InstancePlace, VariantPlan
from kennel.services.sagemaker_runtime.service import (
    PAYLOAD_LIMIT,
    SageMakerRuntime,
    payload_too_large,
)

__all__ = [
    "PAYLOAD_LIMIT",
    "InstancePlace",
    "Invocation",
    "Keeper",
    "Router",
    "SageMakerRuntime",
    "VariantPlan",
    "payload_too_large",
]
