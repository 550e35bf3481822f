"""Hyperparameter tuning jobs: a search whose every trial is a training job."""

from kennel.services.sagemaker.tuning.jobs import TuningJobs

__all__ = ["TuningJobs"]
