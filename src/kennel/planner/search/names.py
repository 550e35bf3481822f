"""What a search calls the policies that it proposes."""

from __future__ import annotations

from kennel.planner.simulation import Metric, Scaling, TrackingPolicy

__all__ = ["policy_name"]


def policy_name(old: Scaling | None, metric: Metric, default: str) -> str:
    """The name of the policy that tracks the metric already: AWS allows one a metric, so a new one
    has to take its place."""
    for policy in old.policies if old else ():
        if isinstance(policy, TrackingPolicy) and policy.metric is metric:
            return policy.tracking.name
    return default
