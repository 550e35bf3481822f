"""Amazon SageMaker: training, tuning, models and endpoints."""

from kennel.services.sagemaker.service import SageMaker

__all__ = ["SageMaker"]
