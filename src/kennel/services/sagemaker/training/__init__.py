"""Training jobs."""

from kennel.services.sagemaker.training.jobs import TrainingJobs

__all__ = ["TrainingJobs"]
