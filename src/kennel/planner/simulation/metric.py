"""The metrics that policies of a simulation may follow."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Metric", "Statistic"]


class Metric(StrEnum):
    """By AWS's names. The first four are an endpoint variant's, the others a function's."""

    INVOCATIONS = "Invocations"
    INVOCATIONS_PER_INSTANCE = "InvocationsPerInstance"
    CONCURRENT_REQUESTS_PER_MODEL = "ConcurrentRequestsPerModel"
    MODEL_LATENCY = "ModelLatency"  # microseconds, as CloudWatch has it
    PROVISIONED_CONCURRENCY_UTILIZATION = "ProvisionedConcurrencyUtilization"
    CONCURRENT_EXECUTIONS = "ConcurrentExecutions"
    SPILLOVER_INVOCATIONS = "ProvisionedConcurrencySpilloverInvocations"


class Statistic(StrEnum):
    """Of a metric's data in one period."""

    SUM = "Sum"
    AVERAGE = "Average"
    MAXIMUM = "Maximum"
