"""Application Auto Scaling: keeps endpoints' variants and provisioned concurrency at the capacity
that policies and schedules ask for."""

from kennel.services.application_autoscaling.service import ApplicationAutoScaling

__all__ = ["ApplicationAutoScaling"]
