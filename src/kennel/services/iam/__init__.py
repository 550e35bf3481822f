"""AWS Identity and Access Management."""

from kennel.services.iam.policy_texts import read_policy
from kennel.services.iam.principal_policies import HeldPolicies, PrincipalPolicies
from kennel.services.iam.service import Iam

__all__ = ["HeldPolicies", "Iam", "PrincipalPolicies", "read_policy"]
