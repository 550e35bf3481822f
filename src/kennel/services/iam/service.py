"""The service: nothing but the list of its parts."""

from __future__ import annotations

from kennel.services.iam.access_keys import AccessKeyOperations
from kennel.services.iam.access_reports import AccessReportOperations
from kennel.services.iam.account import AccountOperations
from kennel.services.iam.attachments import AttachmentOperations
from kennel.services.iam.authorization import AuthorizationAnswers
from kennel.services.iam.boundaries import BoundaryOperations
from kennel.services.iam.groups import GroupOperations
from kennel.services.iam.inline import InlinePolicyOperations
from kennel.services.iam.instance_profiles import InstanceProfileOperations
from kennel.services.iam.policy_versions import PolicyVersionOperations
from kennel.services.iam.principal_policies import PrincipalPolicies
from kennel.services.iam.roles import RoleOperations
from kennel.services.iam.service_linked import ServiceLinkedRoleOperations
from kennel.services.iam.simulation import SimulationOperations
from kennel.services.iam.users import UserOperations

__all__ = ["Iam"]


class Iam(
    UserOperations,
    AccessKeyOperations,
    GroupOperations,
    RoleOperations,
    ServiceLinkedRoleOperations,
    InlinePolicyOperations,
    PolicyVersionOperations,
    AttachmentOperations,
    BoundaryOperations,
    InstanceProfileOperations,
    AccountOperations,
    AccessReportOperations,
    SimulationOperations,
    AuthorizationAnswers,
    PrincipalPolicies,
):
    """AWS Identity and Access Management: who there is, and what policies they carry."""
