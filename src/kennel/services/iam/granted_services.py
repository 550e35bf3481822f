"""Which services policies let somebody into, as IAM's reports of last use list them.

Only what the policies themselves allow counts: no Deny, no condition, no boundary. Source:
GenerateServiceLastAccessedDetails in the API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kennel.policy import PolicyDocument
from kennel.policy.statements import action_test

__all__ = ["GrantedServices", "service_title"]

_TITLES: Mapping[str, str] = {
    "application-autoscaling": "AWS Application Auto Scaling",
    "cloudwatch": "Amazon CloudWatch",
    "iam": "AWS Identity and Access Management (IAM)",
    "lambda": "AWS Lambda",
    "logs": "Amazon CloudWatch Logs",
    "s3": "Amazon S3",
    "sagemaker": "Amazon SageMaker",
    "sts": "AWS Security Token Service",
}


def service_title(namespace: str) -> str:
    """The service's name for people; its namespace, if it is none of the plane's."""
    return _TITLES.get(namespace, namespace)


class GrantedServices:
    """What some policies allow. `here` are the actions of the plane's services: a policy that
    allows everything allows these; of other services it counts only what is named."""

    def __init__(self, policies: Iterable[PolicyDocument], here: Iterable[str]) -> None:
        self._here = sorted(here)
        self._allowing = [
            statement for policy in policies for statement in policy.statements if statement.allow
        ]

    def namespaces(self) -> list[str]:
        """Service prefixes in order, e.g. `["lambda", "s3"]`."""
        patterns = {pattern for statement in self._allowing for pattern in statement.actions}
        named = {pattern.partition(":")[0].lower() for pattern in patterns if ":" in pattern}
        return sorted(named | {action.partition(":")[0] for action in self.actions()})

    def actions(self, namespace: str = "") -> list[str]:
        """The actions of the plane's services, or of one of them, that are allowed."""
        prefix = f"{namespace}:" if namespace else ""
        return [one for one in self._here if one.startswith(prefix) and self._allows(one)]

    def _allows(self, action: str) -> bool:
        lowered = action.lower()
        return any(
            any(action_test(pattern.lower())(lowered) for pattern in allowing.actions)
            if allowing.actions
            else not any(action_test(pattern.lower())(lowered) for pattern in allowing.not_actions)
            for allowing in self._allowing
        )
